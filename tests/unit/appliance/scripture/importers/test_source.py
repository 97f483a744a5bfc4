"""The entries and the description of a source are limited."""

from collections.abc import Sequence

import msgspec
import pytest
from fakes.library_items import source_of

from appliance.scripture.importers.known_texts import KnownText
from appliance.scripture.importers.source import USUAL_VERSES, ItemSource, TranslationSource
from appliance.scripture.importers.validation import TextFaulty
from appliance.scripture.links.kinds import CROSS_REFERENCES
from appliance.scripture.links.link import CrossReference
from appliance.scripture.translations.kinds import TRANSLATION
from appliance.scripture.translations.verse import Verse

LINKS = [CrossReference(1_001_001, 43_001_001 + verse, 43_001_001 + verse) for verse in range(120)]


def links(entries: Sequence[CrossReference] = LINKS) -> ItemSource[CrossReference]:
    return source_of(CROSS_REFERENCES, "T", entries)


def translation(*verses: Verse, known_text: KnownText = KnownText()) -> TranslationSource:
    return TranslationSource(
        id="T",
        name="T",
        licence="",
        attribution="",
        origin="",
        digest="",
        entries=lambda: iter(verses),
        known_text=known_text,
    )


def test_all_entries_are_read_and_counted() -> None:
    reported_counts: list[int] = []

    assert LINKS == links().read(reported_counts.append)
    assert [50, 100] == reported_counts


def test_a_source_without_entries_is_refused() -> None:
    with pytest.raises(TextFaulty, match="T has no cross references"):
        links([]).read()


def test_more_entries_than_the_kind_allows_are_refused() -> None:
    few = msgspec.structs.replace(CROSS_REFERENCES, max_entries=119)

    with pytest.raises(TextFaulty, match="T has more than 119 entries"):
        source_of(few, "T", LINKS).read()


def test_the_verses_of_a_translation_are_validated() -> None:
    assert translation().kind is TRANSLATION
    assert [1_001_001] == [verse.verse_id for verse in translation(Verse(1_001_001, "One")).read()]
    with pytest.raises(TextFaulty, match=r"Gen\.1\.1: the verse has no words"):
        translation(Verse(1_001_001, ""), Verse(1_001_002, "Two")).read()


def test_only_a_translation_has_an_expected_number_of_entries() -> None:
    assert links().expected_entries is None
    assert USUAL_VERSES == translation().expected_entries
    assert 5 == translation(known_text=KnownText(verses=5)).expected_entries


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"id": ""}, "cannot be used as an id"),
        ({"id": ".."}, "cannot be used as an id"),
        ({"id": "T" * 65}, "The id of T+ has 65 characters"),
        ({"name": "T" * 501}, "The name of T has 501 characters"),
        ({"licence": "T" * 20_001}, "The licence of T has 20,001 characters"),
        ({"attribution": "T" * 20_001}, "The attribution of T has 20,001 characters"),
    ],
)
def test_the_fields_of_a_description_are_limited(changes: dict[str, str], message: str) -> None:
    links().check_description()
    with pytest.raises(TextFaulty, match=message):
        msgspec.structs.replace(links(), **changes).check_description()
