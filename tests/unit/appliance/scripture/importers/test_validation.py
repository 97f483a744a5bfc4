"""What a text must hold to."""

from collections.abc import Iterable

import pytest

from appliance.scripture.importers.known_texts import KnownText
from appliance.scripture.importers.validation import TextFaulty, bounded, counted, valid_verses
from appliance.scripture.translations.verse import Heading, HeadingKind, Markup, Note, Verse


def read(verses: Iterable[Verse], known: KnownText = KnownText()) -> list[Verse]:
    return valid_verses(verses, "T", known)


def verse(number: int, text: str = "In the beginning.", markup: Markup = Markup()) -> Verse:
    return Verse(1_001_000 + number, text, markup)


@pytest.mark.parametrize(
    ("verses", "fault"),
    [
        ([verse(1), verse(2, "God <w>said</w>")], "Gen.1.2: markup left in the text, '<w>'"),
        ([verse(1, r"the \nd LORD")], "markup left in the text"),
        ([verse(1, "&amp; God")], "markup left in the text"),
        ([verse(1, "x" * 1_001)], "1,001 characters"),
        ([verse(1), verse(3)], "Gen.1.2: the verse has no words"),
        ([verse(1), verse(2, ""), verse(3)], "Gen.1.2: the verse has no words"),
        ([verse(1), verse(1)], "occurs twice"),
        (
            [
                verse(
                    1,
                    "The Story of Creation In the",
                    Markup(headings=(Heading(HeadingKind.SECTION, "The Story of Creation"),)),
                )
            ],
            "fused",
        ),
        ([], "no verse with words"),
    ],
)
def test_a_fault_is_named_and_the_text_refused(verses: list[Verse], fault: str) -> None:
    with pytest.raises(TextFaulty, match=fault.replace("(", r"\(")) as raised:
        read(verses)

    assert raised.value.remedy


def test_what_is_known_of_a_text_is_no_fault() -> None:
    verses = [verse(1, "x" * 2_000), verse(2, ""), verse(3)]
    known = KnownText(long=frozenset({"Gen.1.1"}), absent=frozenset({"Gen.1.2"}))

    assert [1_001_001, 1_001_003] == [each.verse_id for each in read(verses, known)]


def test_a_known_count_is_held_to() -> None:
    with pytest.raises(TextFaulty, match="1 verses, where 5 are known"):
        read([verse(1)], KnownText(verses=5))


def test_verses_are_in_the_order_of_the_canon() -> None:
    assert [1_001_001, 1_001_002] == [each.verse_id for each in read([verse(2), verse(1)])]


def test_entries_are_bounded() -> None:
    told: list[int] = []

    assert 120 == len(list(bounded(range(120), 120, "T", told.append)))
    assert [50, 100] == told
    with pytest.raises(TextFaulty, match="T has more than 120 entries"):
        list(bounded(range(121), 120, "T"))


def test_entries_are_counted() -> None:
    told: list[int] = []

    assert list(range(150)) == list(counted(range(150), told.append))
    assert [50, 100, 150] == told


def test_a_text_of_many_faults_is_not_read_to_its_end() -> None:
    taken: list[int] = []

    def verses() -> Iterable[Verse]:
        for number in range(50_000):
            taken.append(number)
            yield verse(1)

    with pytest.raises(TextFaulty, match="1,001 faults"):
        read(verses())
    assert len(taken) < 2_000


def test_notes_and_their_number_have_bounds() -> None:
    for notes in ((Note(0, "foot", "a" * 20_001),), (Note(0, "foot", "a"),) * 2_001):
        with pytest.raises(TextFaulty, match=r"1 fault: Gen\.1\.1: (a note|more than 2,000)"):
            read([verse(1, markup=Markup(notes=notes))])
