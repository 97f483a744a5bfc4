"""The chapters and verses after a book name, and the verse ranges that they mean."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.scripture.canon import BOOK_BY_OSIS, BOOKS, Book, verse_id
from appliance.scripture.references.passages import Passage, PassageReader, Point, Reading, resolve
from appliance.scripture.references.reference import LAST_VERSE, PassageNotFound, chapters_of

JOHN, JUDE, PSALMS, GENESIS = (BOOK_BY_OSIS[osis] for osis in ("John", "Jude", "Ps", "Gen"))


def read(text: str, book: Book = JOHN, *, chapter: int | None = None, closing: bool = False) -> Reading:
    """Read the passages at the beginning of a text, as if the book name was before it."""
    return PassageReader(text, book, lambda _at: False, closing=closing).read(0, 0, chapter)


def passages(text: str, book: Book = JOHN, *, chapter: int | None = None) -> list[str]:
    """The passages of a text, such as `3`, `3:16` and `3:16-3:18`."""
    return [written(passage) for passage in read(text, book, chapter=chapter).passages]


def written(passage: Passage) -> str:
    first, last = (point and written_point(point) for point in (passage.first, passage.last))
    return f"{first}-{last}" if last else str(first)


def written_point(point: Point) -> str:
    return str(point.chapter) if point.verse is None else f"{point.chapter}:{point.verse}"


def roman(number: int) -> str:
    """A number below 400 in Roman numerals."""
    units = ["", "i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix"]
    tens = ["", "x", "xx", "xxx", "xl", "l", "lx", "lxx", "lxxx", "xc"]
    return "c" * (number // 100) + tens[number // 10 % 10] + units[number % 10]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (" 3", ["3"]),
        (" 3:16", ["3:16"]),
        (" 3.16", ["3:16"]),
        (". 3. 16", ["3:16"]),
        (", 3:16", ["3:16"]),
        (" (3:16)", ["3:16"]),
        (" 3:16-18", ["3:16-3:18"]),
        (" 3:16 through 4:2", ["3:16-4:2"]),
        (" 3-4", ["3-4"]),
        (" 3:16, 18, 20-21", ["3:16", "3:18", "3:20-3:21"]),
        (" 3:16; 4", ["3:16", "4"]),
        (" 3:16; 4:2", ["3:16", "4:2"]),
        (" 3, 5", ["3", "5"]),
        (" 3:16b-18a", ["3:16-3:18"]),
        (" 3:16f", ["3:16-3"]),
        (" 3:16 ff.", ["3:16-3"]),
        (" 3:16 y siguientes", ["3:16-3"]),
        (" 3f", ["3-21"]),
        (" chapter 3, verses 16 and 18", ["3:16", "3:18"]),
        (" 3, v. 16", ["3:16"]),
        (" capitulo 3 versiculo 16", ["3:16"]),
        (" chapter three, verse sixteen", ["3:16"]),
        (" 3, verses five and six, seven", ["3:5", "3:6", "3:7"]),
        (" 3:16 niv; 4:2", ["3:16", "4:2"]),
    ],
)
def test_numbers_signs_and_words_after_a_book_are_passages(text: str, expected: list[str]) -> None:
    assert expected == passages(text)


@pytest.mark.parametrize(
    "text",
    ["", " and 3", " 1234", " 3:1234", " 12,000", " 5:01pm", " 5 a.m.", " three", " v", " iii2", " see above", "; 3"],
)
def test_years_large_numbers_times_and_other_words_are_not_passages(text: str) -> None:
    assert [] == passages(text)


def test_a_passage_ends_before_the_first_number_that_does_not_belong_to_it() -> None:
    for text in (" 3:16 and 1000 more", " 3:16 4", " 3:16, 5:01pm", " 3:16 of them"):
        reading = read(text)
        assert (["3:16"], len(" 3:16")) == ([written(passage) for passage in reading.passages], reading.end)


def test_each_passage_has_its_position() -> None:
    text = " 3:16-18, 20 and 4:2"
    reading = read(text)

    assert [" 3:16-18", "20", "4:2"] == [text[passage.start : passage.end] for passage in reading.passages]
    assert len(text) == reading.end


def test_a_number_in_a_book_of_one_chapter_is_a_verse_but_1_alone_is_the_chapter() -> None:
    expected = {" 5": ["1:5"], " 5-7": ["1:5-1:7"], " 1": ["1"], " 1-2": ["1:1-1:2"], " 1, 3": ["1:1", "1:3"]}

    assert expected == {text: passages(text, JUDE) for text in expected}
    assert ["1", "1:1", "1:3"] == [passages(text, JUDE)[0] for text in (" chapter 1", " verse 1", " 1:3")]


def test_a_psalm_has_a_title() -> None:
    assert ["3:0"] == passages(" 3 title", PSALMS) == passages(" 3, titulo", PSALMS)
    assert ["3"] == passages(" 3 title", JOHN)


def test_a_chapter_can_be_written_before_the_book() -> None:
    assert ["3"] == passages("", chapter=3)
    assert ["3:16"] == passages(", verse 16", chapter=3)
    assert ["3:16", "3:17"] == passages(", verses 16 and 17", chapter=3)


def test_a_range_that_ends_before_it_begins_is_two_passages() -> None:
    reading = read(" 3:18-16")

    assert (["3:18", "3:16"], True) == ([written(passage) for passage in reading.passages], reading.backwards)
    assert not read(" 3:16-18").backwards


def test_a_smaller_number_after_a_chapter_and_a_dash_is_its_verse() -> None:
    assert ["125:1"] == passages(" 125-1", PSALMS)
    assert not read(" 125-1", PSALMS).backwards
    assert ["125:5"] == passages(" 125-5", PSALMS)
    assert ["125", "6"] == passages(" 125-6", PSALMS), "Psalm 125 has five verses."


def test_a_number_that_begins_the_next_book_name_is_not_read() -> None:
    text = " 1, 2 John 3"
    reading = PassageReader(text, BOOK_BY_OSIS["Matt"], lambda at: text[at] == "2").read(0, 0)

    assert (["1"], 2) == ([written(passage) for passage in reading.passages], reading.end)


def test_the_end_of_a_range_from_another_book_does_not_begin_a_range() -> None:
    first, second = read(" 3:16, 18", closing=True).passages

    assert (first.first, None) == (first.last, second.last)


@pytest.mark.parametrize("number", range(1, 151))
def test_every_psalm_can_be_written_in_roman_numerals(number: int) -> None:
    assert [f"{number}:1"] == passages(f" {roman(number)}. 1", PSALMS) == passages(f" {roman(number)}:1", PSALMS)


def test_a_roman_numeral_of_one_letter_is_a_chapter_only_before_a_verse() -> None:
    assert [[], [], ["24"], ["6"]] == [passages(text) for text in (" i", " x", " xxiv", " vi")]


def test_v_is_chapter_five_if_no_chapter_is_written_before_it() -> None:
    assert ["5:3"] == passages(". v. 3") == passages(" v.3") == passages(" v : 3")
    assert ["5:3-5:6", "6:1"] == passages(" v. 3-6; vi. 1")
    assert ["4:3"] == passages(" 4 v. 3") == passages(" 4, v. 3") == passages(", v. 3", chapter=4)
    assert ["4:3", "4:5"] == passages(" 4:3, v. 5")
    assert ["1:3"] == passages(" v. 3", JUDE)


@given(st.text(alphabet="123456789 .,:;-vfcixabto()", max_size=30), st.sampled_from([JOHN, JUDE, PSALMS]))
def test_passages_of_any_text_have_positions_in_its_order(text: str, book: Book) -> None:
    reading = read(text, book)
    ends = [passage.end for passage in reading.passages]

    assert all(0 <= passage.start < passage.end <= reading.end <= len(text) for passage in reading.passages)
    assert ends == sorted(ends)


def passage_of(book: Book, first: tuple[int, int | None], last: tuple[int, int | None] | None = None) -> Passage:
    """A passage between two points, each a chapter and a verse."""
    return Passage(Point(book, *first), Point(book, *last) if last else None, 0, 1)


@given(st.sampled_from(BOOKS), st.data())
def test_a_passage_that_exists_is_the_range_between_its_points(book: Book, data: st.DataObject) -> None:
    chapters = chapters_of(book)
    points = st.integers(1, len(chapters)).flatmap(
        lambda chapter: st.tuples(st.just(chapter), st.integers(1, chapters[chapter]))
    )
    first, last = sorted([data.draw(points), data.draw(points)])

    for strict in (True, False):
        reference = resolve(passage_of(book, first, last), strict=strict)
        assert (verse_id(book, *first), verse_id(book, *last)) == (reference.start, reference.end)


def test_a_whole_chapter_begins_at_verse_1_and_has_no_last_verse() -> None:
    reference = resolve(passage_of(GENESIS, (2, None)), strict=True)

    assert (verse_id(GENESIS, 2, 1), verse_id(GENESIS, 2, LAST_VERSE)) == (reference.start, reference.end)


def test_a_range_of_equal_points_is_one_passage() -> None:
    reference = resolve(passage_of(GENESIS, (2, 4), (2, 4)), strict=True)

    assert reference.start == reference.end == verse_id(GENESIS, 2, 4)


@pytest.mark.parametrize(
    ("passage", "message"),
    [
        (passage_of(JOHN, (22, None)), "John has no chapter 22. It has 21 chapters."),
        (passage_of(JUDE, (2, 1)), "Jude has no chapter 2. It has 1 chapter."),
        (passage_of(JOHN, (3, 37)), "John 3 has no verse 37. It has 36 verses."),
        (passage_of(JOHN, (3, 0)), "John 3 has no verse 0. It has 36 verses."),
        (passage_of(JOHN, (0, None)), "John has no chapter 0. It has 21 chapters."),
    ],
)
@pytest.mark.parametrize("strict", [True, False])
def test_a_passage_must_begin_in_the_canon(passage: Passage, message: str, strict: bool) -> None:
    with pytest.raises(PassageNotFound) as raised:
        resolve(passage, strict=strict)

    assert message == str(raised.value)


def test_the_title_of_a_psalm_exists() -> None:
    reference = resolve(passage_of(PSALMS, (3, 0)), strict=True)

    assert reference.start == reference.end == verse_id(PSALMS, 3, 0)


@pytest.mark.parametrize(
    ("last", "message", "end"),
    [
        ((1, 99), "Genesis 1 has no verse 99", (1, 31)),
        ((60, None), "Genesis has no chapter 60", (50, LAST_VERSE)),
        ((60, 2), "Genesis has no chapter 60", (50, LAST_VERSE)),
    ],
)
def test_a_range_that_is_too_long_is_an_error_or_ends_with_the_chapter_or_book(
    last: tuple[int, int | None], message: str, end: tuple[int, int]
) -> None:
    passage = passage_of(GENESIS, (1, 5), last)
    with pytest.raises(PassageNotFound, match=message):
        resolve(passage, strict=True)

    reference = resolve(passage, strict=False)
    assert (verse_id(GENESIS, 1, 5), verse_id(GENESIS, *end)) == (reference.start, reference.end)


def test_a_number_higher_than_any_verse_is_not_the_end_of_a_range() -> None:
    reference = resolve(passage_of(GENESIS, (1, 5), (1, 201)), strict=False)

    assert reference.start == reference.end == verse_id(GENESIS, 1, 5)
