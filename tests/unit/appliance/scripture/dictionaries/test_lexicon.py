"""Words are compared without case, accents and other marks."""

import pytest

from appliance.scripture.dictionaries.lexicon import fold


@pytest.mark.parametrize(
    ("word", "folded"),
    [
        ("ἀγάπη", "αγαπη"),
        ("ΑΓΆΠΗ", "αγαπη"),
        ("agápē", "agape"),
        ("אֱלֹהִים", "אלהים"),
        ("ʼelôhîym", "elohiym"),
        ("ʻâbad", "abad"),
        ("?!", ""),
    ],
)
def test_case_accents_points_and_breathings_do_not_count(word: str, folded: str) -> None:
    assert folded == fold(word)
