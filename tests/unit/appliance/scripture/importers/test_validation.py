"""What a text must hold to."""

from collections.abc import Iterable

import msgspec
import pytest

from appliance.scripture.importers import validation
from appliance.scripture.importers.source import TextSource
from appliance.scripture.importers.validation import TextFaulty, check_description, counted, read_valid_verses
from appliance.scripture.translations.verse import Heading, HeadingKind, Markup, Note, Verse


def source(verses: Iterable[Verse], **changes: object) -> TextSource:
    values = dict(
        id="T",
        name="T",
        language="en",
        versification="NRSVA",
        licence="",
        attribution="",
        origin="",
        digest="",
        verses=lambda: iter(list(verses)),
    )
    return TextSource(**(values | changes))


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
        read_valid_verses(source(verses))

    assert raised.value.remedy


def test_what_is_known_of_a_text_is_no_fault() -> None:
    verses = [verse(1, "x" * 2_000), verse(2, ""), verse(3)]
    known = source(verses, known_long=frozenset({"Gen.1.1"}), known_absent=frozenset({"Gen.1.2"}))

    assert [1_001_001, 1_001_003] == [each.verse_id for each in read_valid_verses(known)]


def test_a_known_count_is_held_to() -> None:
    with pytest.raises(TextFaulty, match="1 verses, where 5 are known"):
        read_valid_verses(source([verse(1)], expected_verses=5))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"id": ""}, "no name that an id can be made of"),
        ({"id": ".."}, "no name that an id can be made of"),
        ({"id": "T" * 65}, "The id of T+ has 65 characters"),
        ({"name": "T" * 501}, "The name of T has 501 characters"),
        ({"licence": "T" * 20_001}, "The licence of T has 20,001 characters"),
        ({"attribution": "T" * 20_001}, "The attribution of T has 20,001 characters"),
    ],
)
def test_what_a_text_says_of_itself_has_bounds(changes: dict[str, object], message: str) -> None:
    check_description(source([]))
    with pytest.raises(TextFaulty, match=message):
        check_description(source([], **changes))


def test_entries_are_counted_and_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(validation.MAX_ENTRIES, TextSource, 120)
    told: list[int] = []

    assert 120 == len(list(counted(source([]), range(120), told.append)))
    assert [50, 100] == told
    with pytest.raises(TextFaulty, match="more than 120 entries"):
        list(counted(source([]), range(121)))


def test_a_text_of_many_faults_is_not_read_to_its_end() -> None:
    read: list[int] = []

    def verses() -> Iterable[Verse]:
        for number in range(50_000):
            read.append(number)
            yield verse(1)

    endless = msgspec.structs.replace(source([]), verses=lambda: iter(verses()))
    with pytest.raises(TextFaulty, match="1,001 faults"):
        read_valid_verses(endless)
    assert len(read) < 2_000


def test_notes_and_their_number_have_bounds() -> None:
    for notes in ((Note(0, "foot", "a" * 20_001),), (Note(0, "foot", "a"),) * 2_001):
        with pytest.raises(TextFaulty, match=r"1 fault: Gen\.1\.1: (a note|more than 2,000)"):
            read_valid_verses(source([verse(1, markup=Markup(notes=notes))]))
