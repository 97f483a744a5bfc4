"""Validation of translations."""

from collections.abc import Iterable

import pytest

from appliance.scripture.importers.known_texts import KnownText
from appliance.scripture.importers.validation import TextFaulty, bounded, counted, valid_verses
from appliance.scripture.translations.verse import Heading, HeadingKind, Markup, Note, Verse


def read(verses: Iterable[Verse], known_text: KnownText = KnownText()) -> list[Verse]:
    return valid_verses(verses, "T", known_text)


def verse(number: int, text: str = "In the beginning.", markup: Markup = Markup()) -> Verse:
    return Verse(1_001_000 + number, text, markup)


@pytest.mark.parametrize(
    ("verses", "fault"),
    [
        ([verse(1), verse(2, "God <w>said</w>")], "Gen.1.2: the text contains markup, '<w>'"),
        ([verse(1, r"the \nd LORD")], "the text contains markup"),
        ([verse(1, "&amp; God")], "the text contains markup"),
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
            "the text begins with the heading",
        ),
        ([], "no verse with words"),
    ],
)
def test_a_translation_with_a_fault_is_refused(verses: list[Verse], fault: str) -> None:
    with pytest.raises(TextFaulty, match=fault.replace("(", r"\(")) as raised:
        read(verses)

    assert raised.value.remedy


def test_known_peculiarities_are_not_faults() -> None:
    verses = [verse(1, "x" * 2_000), verse(2, ""), verse(3)]
    known_text = KnownText(long=frozenset({"Gen.1.1"}), absent=frozenset({"Gen.1.2"}))

    assert [1_001_001, 1_001_003] == [valid_verse.verse_id for valid_verse in read(verses, known_text)]


def test_a_known_number_of_verses_is_required() -> None:
    with pytest.raises(TextFaulty, match="1 verses instead of 5"):
        read([verse(1)], KnownText(verses=5))


def test_verses_are_sorted_in_canon_order() -> None:
    assert [1_001_001, 1_001_002] == [valid_verse.verse_id for valid_verse in read([verse(2), verse(1)])]


def test_the_number_of_entries_is_limited() -> None:
    reported_counts: list[int] = []

    assert 120 == len(list(bounded(range(120), 120, "T", reported_counts.append)))
    assert [50, 100] == reported_counts
    with pytest.raises(TextFaulty, match="T has more than 120 entries"):
        list(bounded(range(121), 120, "T"))


def test_entries_are_counted() -> None:
    reported_counts: list[int] = []

    assert list(range(150)) == list(counted(range(150), reported_counts.append))
    assert [50, 100, 150] == reported_counts


def test_reading_stops_after_many_faults() -> None:
    read_numbers: list[int] = []

    def verses() -> Iterable[Verse]:
        for number in range(50_000):
            read_numbers.append(number)
            yield verse(1)

    with pytest.raises(TextFaulty, match="1,001 faults"):
        read(verses())
    assert len(read_numbers) < 2_000


def test_the_length_and_number_of_notes_are_limited() -> None:
    for notes in ((Note(0, "foot", "a" * 20_001),), (Note(0, "foot", "a"),) * 2_001):
        with pytest.raises(TextFaulty, match=r"1 fault: Gen\.1\.1: (a note|the verse has more than 2,000)"):
            read([verse(1, markup=Markup(notes=notes))])
