"""The books of the canon. Only append books to this table, because people's notes store the numbers of books."""

from enum import StrEnum

import msgspec

BOOK_FACTOR = 1_000_000
CHAPTER_FACTOR = 1_000


class Testament(StrEnum):
    OLD = "old"
    NEW = "new"
    DEUTEROCANON = "deuterocanon"


class Book(msgspec.Struct, frozen=True):
    """A book of the canon. Every verse_id of the book starts with `number`. `name` is the English name."""

    number: int
    osis: str
    name: str
    testament: Testament


_TABLE: tuple[tuple[str, str], ...] = (
    ("Gen", "Genesis"),
    ("Exod", "Exodus"),
    ("Lev", "Leviticus"),
    ("Num", "Numbers"),
    ("Deut", "Deuteronomy"),
    ("Josh", "Joshua"),
    ("Judg", "Judges"),
    ("Ruth", "Ruth"),
    ("1Sam", "1 Samuel"),
    ("2Sam", "2 Samuel"),
    ("1Kgs", "1 Kings"),
    ("2Kgs", "2 Kings"),
    ("1Chr", "1 Chronicles"),
    ("2Chr", "2 Chronicles"),
    ("Ezra", "Ezra"),
    ("Neh", "Nehemiah"),
    ("Esth", "Esther"),
    ("Job", "Job"),
    ("Ps", "Psalms"),
    ("Prov", "Proverbs"),
    ("Eccl", "Ecclesiastes"),
    ("Song", "Song of Solomon"),
    ("Isa", "Isaiah"),
    ("Jer", "Jeremiah"),
    ("Lam", "Lamentations"),
    ("Ezek", "Ezekiel"),
    ("Dan", "Daniel"),
    ("Hos", "Hosea"),
    ("Joel", "Joel"),
    ("Amos", "Amos"),
    ("Obad", "Obadiah"),
    ("Jonah", "Jonah"),
    ("Mic", "Micah"),
    ("Nah", "Nahum"),
    ("Hab", "Habakkuk"),
    ("Zeph", "Zephaniah"),
    ("Hag", "Haggai"),
    ("Zech", "Zechariah"),
    ("Mal", "Malachi"),
    ("Matt", "Matthew"),
    ("Mark", "Mark"),
    ("Luke", "Luke"),
    ("John", "John"),
    ("Acts", "Acts"),
    ("Rom", "Romans"),
    ("1Cor", "1 Corinthians"),
    ("2Cor", "2 Corinthians"),
    ("Gal", "Galatians"),
    ("Eph", "Ephesians"),
    ("Phil", "Philippians"),
    ("Col", "Colossians"),
    ("1Thess", "1 Thessalonians"),
    ("2Thess", "2 Thessalonians"),
    ("1Tim", "1 Timothy"),
    ("2Tim", "2 Timothy"),
    ("Titus", "Titus"),
    ("Phlm", "Philemon"),
    ("Heb", "Hebrews"),
    ("Jas", "James"),
    ("1Pet", "1 Peter"),
    ("2Pet", "2 Peter"),
    ("1John", "1 John"),
    ("2John", "2 John"),
    ("3John", "3 John"),
    ("Jude", "Jude"),
    ("Rev", "Revelation"),
    ("Tob", "Tobit"),
    ("Jdt", "Judith"),
    ("EsthGr", "Esther (Greek)"),
    ("AddEsth", "Additions to Esther"),
    ("Wis", "Wisdom"),
    ("Sir", "Sirach"),
    ("Bar", "Baruch"),
    ("EpJer", "Letter of Jeremiah"),
    ("PrAzar", "Prayer of Azariah"),
    ("Sus", "Susanna"),
    ("Bel", "Bel and the Dragon"),
    ("AddDan", "Additions to Daniel"),
    ("1Macc", "1 Maccabees"),
    ("2Macc", "2 Maccabees"),
    ("3Macc", "3 Maccabees"),
    ("4Macc", "4 Maccabees"),
    ("1Esd", "1 Esdras"),
    ("2Esd", "2 Esdras"),
    ("PrMan", "Prayer of Manasseh"),
    ("AddPs", "Psalm 151"),
    ("PssSol", "Psalms of Solomon"),
    ("Odes", "Odes"),
    ("1En", "1 Enoch"),
    ("EpLao", "Letter to the Laodiceans"),
)

OLD_TESTAMENT_BOOKS = 39
PROTOCANON_BOOKS = 66


def _testament(number: int) -> Testament:
    if number <= OLD_TESTAMENT_BOOKS:
        return Testament.OLD
    return Testament.NEW if number <= PROTOCANON_BOOKS else Testament.DEUTEROCANON


BOOKS: tuple[Book, ...] = tuple(
    Book(number, osis, name, _testament(number)) for number, (osis, name) in enumerate(_TABLE, start=1)
)
BOOK_BY_OSIS = {book.osis: book for book in BOOKS}


def verse_id(book: Book, chapter: int, verse: int) -> int:
    """Return the number of a verse. Sorted by this number, verses are in canon order. Verse 0 is a title or heading."""
    return book.number * BOOK_FACTOR + chapter * CHAPTER_FACTOR + verse


def split_verse_id(number: int) -> tuple[Book, int, int]:
    """Return book, chapter and verse of a verse_id. Raises IndexError if the table does not have the book."""
    book_number, chapter_and_verse = divmod(number, BOOK_FACTOR)
    if not 1 <= book_number <= len(BOOKS):
        raise IndexError(f"no book has number {book_number}")
    chapter, verse = divmod(chapter_and_verse, CHAPTER_FACTOR)
    return BOOKS[book_number - 1], chapter, verse


def osis_of(number: int) -> str:
    """Return the OSIS id of a verse_id, such as `John.3.16`."""
    book, chapter, verse = split_verse_id(number)
    return f"{book.osis}.{chapter}.{verse}"


class VerseRange(msgspec.Struct, frozen=True, order=True):
    """Verses from `start` to `end`, both included. Both are verse_ids. The range of a whole chapter ends at verse 999."""

    start: int
    end: int

    def __contains__(self, verse_id: int) -> bool:
        return self.start <= verse_id <= self.end

    @property
    def is_long(self) -> bool:
        """True if the range covers more than one chapter. Lists for such a range can be long."""
        return self.start // CHAPTER_FACTOR != self.end // CHAPTER_FACTOR


WHOLE_CANON = VerseRange(0, 999_999_999)


def one_verse(verse_id: int) -> VerseRange:
    """Return the range of a single verse."""
    return VerseRange(verse_id, verse_id)


def book_range(book: Book) -> VerseRange:
    """Return the range of all possible verses of a book."""
    return VerseRange(book.number * BOOK_FACTOR, (book.number + 1) * BOOK_FACTOR - 1)


def testament_range(testament: Testament) -> VerseRange:
    """Return the range of all possible verses of a testament."""
    numbers = [book.number for book in BOOKS if book.testament is testament]
    return VerseRange(min(numbers) * BOOK_FACTOR, (max(numbers) + 1) * BOOK_FACTOR - 1)
