"""References in running text."""

import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.scripture.canon import BOOKS, verse_id
from appliance.scripture.references.finding import TextReader, find_references
from appliance.scripture.references.reference import LAST_VERSE, Reference, chapters_of


def osis(text: str, languages: tuple[str, ...] = ("en", "es")) -> list[str]:
    return [found.reference.osis for found in find_references(text, languages)]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("Gen 1:1, 3; 2:4", ["Gen.1.1", "Gen.1.3", "Gen.2.4"]),
        ("Isaiah 54:10, 32:17. 55.12", ["Isa.54.10", "Isa.32.17", "Isa.55.12"]),
        ("John 3:16; 4", ["John.3.16", "John.4"]),
        ("Matt 1, 2. 3", ["Matt.1", "Matt.2.3"]),
        ("Romans 8:31b-39a", ["Rom.8.31-Rom.8.39"]),
        ("Gen 1:30-2:3", ["Gen.1.30-Gen.2.3"]),
        ("Judges 21-Ruth 1", ["Judg.21-Ruth.1"]),
        ("Titus 3 to Philemon", ["Titus.3-Phlm.1"]),
        ("1st through 3rd John", ["1John.1-3John.1"]),
        ("Rev 3:20ff", ["Rev.3.20-Rev.3.999"]),
        ("Is 40 f", ["Isa.40-Isa.66"]),
        ("Chapter 1 of Genesis, verses 18-19:4", ["Gen.1.18-Gen.19.4"]),
        ("the 119th chapter of the book of Psalms, vv. 23-25", ["Ps.119.23-Ps.119.25"]),
        ("23rd Psalm", ["Ps.23"]),
        ("113rd Psalm", []),
        ("Ps 3 title, 4:2", ["Ps.3.0", "Ps.4.2"]),
        ("Jude 1-2", ["Jude.1.1-Jude.1.2"]),
        ("Philemon verse 3", ["Phlm.1.3"]),
        ("Psalm 125-1", ["Ps.125.1"]),
        ("Proverbs 31:30-1:1", ["Prov.31.30", "Prov.1.1"]),
        ("Deut 15 – v19-23", ["Deut.15.19-Deut.15.23"]),
        ("Exod 1:1 see also 3", ["Exod.1.1", "Exod.1.3"]),
        ("Matt 4, 5. 6 NIV, 7", ["Matt.4", "Matt.5.6", "Matt.5.7"]),
        ("Matthew 1, 2 John 3", ["Matt.1", "2John.1.3"]),
        ("Jn\u00a03:16\u202f\u2011\u202f18", ["John.3.16-John.3.18"]),
        ("Gen 1:5-99", ["Gen.1.5-Gen.1.31"]),
        ("Zechariah 12,000", []),
        ("Ph 80", []),
        ("Sir 1:1; Bel & Dragon 1:2; Psalm 151:3", ["Sir.1.1", "Bel.1.2", "AddPs.1.3"]),
        ("The First Epistle of St. John 4:8", ["1John.4.8"]),
        ("1.º Corintios 13:4 y 2ª Timoteo 3:16", ["1Cor.13.4", "2Tim.3.16"]),
        ("Evangelio según San Juan, capítulo 3, versículos 16 y 17", ["John.3.16", "John.3.17"]),
        ("Rom. viii. 28, Matt. xxiv. 3-14; I Cor. xiii", ["Rom.8.28", "Matt.24.3-Matt.24.14", "1Cor.13"]),
        ("Gen. i. 1", ["Gen.1.1"]),
        ("Rom. v. 1-5; vi. 2", ["Rom.5.1-Rom.5.5", "Rom.6.2"]),
        ("I–III John", ["1John.1-3John.1"]),
        ("1 John 3-1 John 4", ["1John.3-1John.4"]),
        ("turn to John chapter three, verse sixteen", ["John.3.16"]),
        ("Psalm chapter one hundred and nineteen verses five and six", ["Ps.119.5", "Ps.119.6"]),
        ("Romans chapter twelve, verses twenty-one through twenty one", ["Rom.12.21"]),
        ("Salmo, capítulo ciento tres, versículo treinta y uno", []),
        ("Isaías capítulo cuarenta y uno, versículo diez", ["Isa.41.10"]),
        ("Mark chapter one of them", ["Mark.1"]),
        ("Isa. vii. 14 and ix. 6", ["Isa.7.14", "Isa.9.6"]),
        ("Psalm cxix", ["Ps.119"]),
        ("Éxodo 20:3", ["Exod.20.3"]),
        ("E\u0301xodo 20:3", ["Exod.20.3"]),
    ],
)
def test_the_grammar_of_references(written: str, expected: list[str]) -> None:
    assert expected == osis(written)


@pytest.mark.parametrize(
    ("written", "book"),
    [
        ("Phil", "Phil"),
        ("Philem", "Phlm"),
        ("Phm", "Phlm"),
        ("Jud", "Jude"),
        ("Judg", "Judg"),
        ("Jdt", "Jdt"),
        ("Jn", "John"),
        ("1 Jn", "1John"),
        ("Jo", "John"),
        ("Jon", "Jonah"),
        ("Mathhew", "Matt"),
        ("Habbakuk", "Hab"),
        ("Psmals", "Ps"),
        ("Pslams", "Ps"),
        ("1 Thessalonains", "1Thess"),
        ("Corinthians", "1Cor"),
        ("IV Kingdoms", "2Kgs"),
        ("Rvltn", "Rev"),
    ],
)
def test_similar_names_and_misspelt_names(written: str, book: str) -> None:
    assert [f"{book}.1.1"] == osis(f"{written} 1:1")


def test_the_first_language_takes_precedence() -> None:
    assert ["John.1.1"] == osis("Jo 1:1", ("en", "es"))
    assert ["Jonah.1.1"] == osis("Jo 1:1", ("es", "en"))


def test_each_reference_has_its_position_in_the_text() -> None:
    text = "As it says in Romans 8:28, 31 – and again in\n1 Cor. 2:9."
    references = find_references(text)

    assert ["Romans 8:28", "31", "1 Cor. 2:9"] == [text[found.start : found.end] for found in references]


@pytest.mark.parametrize(
    "text",
    [
        "We lost a few judges... 5:01pm",
        "Mon Mar 14 16:17:20 2016",
        "so 5 of the 12 is 3 more than a king 6-9",
        "He is 30 and I am 40; mark 3 of them, and number 7.",
        "Am 5 going home, is 5 ok; Mark I saw, Acts v",
        "John three of them, Acts one",
        "June 5:30 and page 3:16 of version 2.4.1",
        "Uses TLS 1.3, log2p1, Release 3.7.4",
        "See acts 1 to 3 of the play, room 12, John<3.",
        "Psalm and prayer, mark my words, Luke-Acts studies",
    ],
)
def test_ordinary_words_and_dates_are_not_references(text: str) -> None:
    assert [] == osis(text)


def test_a_book_name_counts_only_if_it_is_the_whole_text() -> None:
    assert ["Matt.1-Matt.28"] == osis("— Matthew —")
    assert ["Gen.1-Deut.34"] == osis("Genesis–Deuteronomy")
    assert [] == osis("Read Matthew today")


@given(st.text(alphabet="aeijkmnorstJGP123 .,:;-–fvch&()\u0301\u00a0", max_size=120))
def test_references_in_any_text_have_valid_positions_and_ranges(text: str) -> None:
    references = find_references(text)

    assert all(0 <= found.start < found.end <= len(text) for found in references)
    assert all(found.reference.start <= found.reference.end for found in references)
    assert all(first.start <= second.start for first, second in pairwise(references))


@pytest.mark.parametrize(
    "piece",
    [
        "1",
        "1 ",
        "1:",
        "John ",
        "John 3",
        "John 3:16, ",
        "a ",
        "the ",
        "the gospel of ",
        "1st to ",
        "song of ",
        "v",
        ",",
        "-",
        " ",
        "John 3" + " " * 50,
        "mark ",
        "1 the ",
        "Ps 1 title ",
        "\u0301",
        "chapter 1 of ",
        "zzz 1:1 ",
    ],
)
def test_the_time_grows_linearly_with_the_length_of_the_text(piece: str) -> None:
    def duration_s(length: int) -> float:
        text = (piece * length)[:length]
        start = time.process_time()
        find_references("Gen 1:1 " + text)
        find_references("John 3" + " " * 1000 + text)
        return time.process_time() - start

    def grows_linearly() -> bool:
        # A tenth of a second is more than noise, and less than quadratic growth would add.
        return duration_s(16_000) < 8 * duration_s(4_000) + 0.1

    # Three attempts, because the garbage collector may run during one of them.
    assert any(grows_linearly() for _ in range(3))


@pytest.mark.parametrize(
    "text",
    [
        "John {}",
        "John 3:{}",
        "John {}:{}",
        "John 3:16-{}",
        "Psalm {}th",
        "{}th Psalm",
        "chapter {} of John",
        "{} John 1",
        "John.{}.{}",
        "{}",
    ],
)
def test_numbers_with_thousands_of_digits_are_not_references(text: str) -> None:
    for digits in ("9" * 6_000, "²" * 10, "٣" * 6_000):
        references = find_references(text.replace("{}", digits))
        assert "9" * 10 not in "".join(str(found.reference) for found in references)


def references() -> st.SearchStrategy[Reference]:
    """Single verses, ranges over one or more chapters, and whole chapters of the books with more than one chapter."""

    @st.composite
    def draw_reference(draw: st.DrawFn) -> Reference:
        book = draw(st.sampled_from([book for book in BOOKS[:66] if len(chapters_of(book)) > 1]))
        chapters = chapters_of(book)
        first_chapter = draw(st.integers(1, len(chapters)))
        last_chapter = draw(st.just(first_chapter) | st.integers(first_chapter, len(chapters)))
        if draw(st.booleans()):
            return Reference(verse_id(book, first_chapter, 1), verse_id(book, last_chapter, LAST_VERSE))
        first = draw(st.integers(2, max(2, chapters[first_chapter])))
        least = first if first_chapter == last_chapter else 1
        last = draw(st.just(least) | st.integers(least, max(least, chapters[last_chapter])))
        return Reference(verse_id(book, first_chapter, first), verse_id(book, last_chapter, last))

    return draw_reference()


@given(st.lists(references(), max_size=5))
def test_all_references_of_a_text_are_found_with_their_positions(written: list[Reference]) -> None:
    text = "".join(f"We heard {reference} in the hall. " for reference in written)
    found = find_references(text)

    assert written == [item.reference for item in found]
    assert [str(reference) for reference in written] == [text[item.start : item.end] for item in found]


def test_the_passages_of_a_text_include_those_that_the_canon_lacks() -> None:
    text = "John 99:1 and Mark 1:1"
    passages = TextReader(text).passages()

    assert [("John", 99), ("Mark", 1)] == [(passage.first.book.osis, passage.first.chapter) for passage in passages]
    assert ["Mark.1.1"] == osis(text)


@pytest.mark.parametrize(
    ("text", "is_backwards"),
    [
        ("Gen 1:1-3", False),
        ("Gen 2:3-1", True),
        ("Mark 1 to Matthew 1", True),
        ("Matt 1 to Mark 1", False),
        ("Gen 1 to acts 5", False),
        ("Gen 1 mark 3-2:1 times", False),
    ],
)
def test_the_reader_says_whether_a_range_ends_before_it_begins(text: str, is_backwards: bool) -> None:
    reader = TextReader(text)

    assert reader.passages()
    assert is_backwards == reader.backwards


def test_the_words_between_two_books_of_a_range_are_short() -> None:
    assert ["Gen.1-Exod.2"] == osis("Gen 1" + " " * 18 + "to" + " " * 18 + "Exod 2")
    assert ["Gen.1", "Exod.2"] == osis("Gen 1" + " " * 40 + "to" + " " * 40 + "Exod 2")


def test_an_ordinal_psalm_needs_the_right_ending() -> None:
    endings = {"1st": 1, "2nd": 2, "3rd": 3, "11th": 11, "12th": 12, "13th": 13, "21st": 21, "103rd": 103, "112th": 112}

    assert [[f"Ps.{number}"] for number in endings.values()] == [osis(f"the {ending} Psalm") for ending in endings]
    assert [[]] * 4 == [osis(f"the {ending} Psalm") for ending in ("21th", "22th", "11st", "112nd")]


def test_a_range_of_books_that_ends_before_it_begins_is_not_a_reference() -> None:
    assert ["Matt.1-Mark.16"] == osis("Matthew to Mark")
    assert [] == osis("Mark to Matthew")
