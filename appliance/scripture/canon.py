"""The books: a fixed table, only ever added to, because people's notes hold these numbers."""

from enum import StrEnum

import msgspec

BOOK_FACTOR = 1_000_000
CHAPTER_FACTOR = 1_000


class Testament(StrEnum):
    OLD = "old"
    NEW = "new"
    DEUTEROCANON = "deuterocanon"


class Book(msgspec.Struct, frozen=True):
    """A book of the canon. `number` leads every verse_id; `abbreviations` are in lower case, without stops."""

    number: int
    osis: str
    name: str
    testament: Testament
    abbreviations: tuple[str, ...]


_TABLE: tuple[tuple[str, str, str], ...] = (
    ("Gen", "Genesis", "ge gn"), ("Exod", "Exodus", "ex exo"), ("Lev", "Leviticus", "le lv"),
    ("Num", "Numbers", "nu nm nb"), ("Deut", "Deuteronomy", "de dt"), ("Josh", "Joshua", "jos jsh"),
    ("Judg", "Judges", "jdg jg jdgs"), ("Ruth", "Ruth", "ru rth"), ("1Sam", "1 Samuel", "1sa 1s 1sm"),
    ("2Sam", "2 Samuel", "2sa 2s 2sm"), ("1Kgs", "1 Kings", "1ki 1k 1kin"), ("2Kgs", "2 Kings", "2ki 2k 2kin"),
    ("1Chr", "1 Chronicles", "1ch 1chron"), ("2Chr", "2 Chronicles", "2ch 2chron"), ("Ezra", "Ezra", "ezr"),
    ("Neh", "Nehemiah", "ne"), ("Esth", "Esther", "es est"), ("Job", "Job", "jb"),
    ("Ps", "Psalms", "psalm psa pss psm"), ("Prov", "Proverbs", "pr prv pro"),
    ("Eccl", "Ecclesiastes", "ec ecc eccles qoh qoheleth"),
    ("Song", "Song of Solomon", "so sos song songs songofsongs canticles canticleofcanticles cant"),
    ("Isa", "Isaiah", "is"), ("Jer", "Jeremiah", "je jr"), ("Lam", "Lamentations", "la"),
    ("Ezek", "Ezekiel", "eze ezk"), ("Dan", "Daniel", "da dn"), ("Hos", "Hosea", "ho"), ("Joel", "Joel", "jl joe"),
    ("Amos", "Amos", "am"), ("Obad", "Obadiah", "ob oba"), ("Jonah", "Jonah", "jnh jon"), ("Mic", "Micah", "mc"),
    ("Nah", "Nahum", "na"), ("Hab", "Habakkuk", "hb"), ("Zeph", "Zephaniah", "zp zep"), ("Hag", "Haggai", "hg"),
    ("Zech", "Zechariah", "zc zec"), ("Mal", "Malachi", "ml"), ("Matt", "Matthew", "mt mat"),
    ("Mark", "Mark", "mk mr mrk"), ("Luke", "Luke", "lk luk"), ("John", "John", "jn joh jhn"),
    ("Acts", "Acts", "ac act actsoftheapostles"), ("Rom", "Romans", "ro rm"),
    ("1Cor", "1 Corinthians", "1co 1c"), ("2Cor", "2 Corinthians", "2co 2c"), ("Gal", "Galatians", "ga"),
    ("Eph", "Ephesians", "ep"), ("Phil", "Philippians", "php pp"), ("Col", "Colossians", "co"),
    ("1Thess", "1 Thessalonians", "1th 1thes 1ts"), ("2Thess", "2 Thessalonians", "2th 2thes 2ts"),
    ("1Tim", "1 Timothy", "1ti 1tm"), ("2Tim", "2 Timothy", "2ti 2tm"), ("Titus", "Titus", "ti tit"),
    ("Phlm", "Philemon", "phm philem"), ("Heb", "Hebrews", "he"), ("Jas", "James", "ja jam jm"),
    ("1Pet", "1 Peter", "1pe 1pt 1p"), ("2Pet", "2 Peter", "2pe 2pt 2p"), ("1John", "1 John", "1jn 1jo 1joh 1j"),
    ("2John", "2 John", "2jn 2jo 2joh 2j"), ("3John", "3 John", "3jn 3jo 3joh 3j"), ("Jude", "Jude", "jud"),
    ("Rev", "Revelation", "re rv apocalypse revelationofjohn revelations"),
    ("Tob", "Tobit", "tb tobias"), ("Jdt", "Judith", "jth judith"),
    ("EsthGr", "Esther (Greek)", "greekesther esthergreek"), ("AddEsth", "Additions to Esther", ""),
    ("Wis", "Wisdom", "ws wisdomofsolomon"), ("Sir", "Sirach", "ecclesiasticus ecclus bensira"),
    ("Bar", "Baruch", ""), ("EpJer", "Letter of Jeremiah", "epistleofjeremiah letjer"),
    ("PrAzar", "Prayer of Azariah", "songofthethreeyoungmen songofthree"), ("Sus", "Susanna", ""),
    ("Bel", "Bel and the Dragon", ""), ("AddDan", "Additions to Daniel", ""), ("1Macc", "1 Maccabees", "1mac 1ma 1m"),
    ("2Macc", "2 Maccabees", "2mac 2ma 2m"), ("3Macc", "3 Maccabees", "3mac 3ma 3m"),
    ("4Macc", "4 Maccabees", "4mac 4ma 4m"), ("1Esd", "1 Esdras", "1es"), ("2Esd", "2 Esdras", "2es"),
    ("PrMan", "Prayer of Manasseh", "prayerofmanasses"), ("AddPs", "Psalm 151", "ps151 psalm151"),
    ("PssSol", "Psalms of Solomon", ""), ("Odes", "Odes", ""), ("1En", "1 Enoch", "enoch"),
    ("EpLao", "Letter to the Laodiceans", "laodiceans"),
)  # fmt: skip

OLD_TESTAMENT_BOOKS = 39
PROTOCANON_BOOKS = 66


def _testament(number: int) -> Testament:
    if number <= OLD_TESTAMENT_BOOKS:
        return Testament.OLD
    return Testament.NEW if number <= PROTOCANON_BOOKS else Testament.DEUTEROCANON


BOOKS: tuple[Book, ...] = tuple(
    Book(number, osis, name, _testament(number), tuple(abbreviations.split()))
    for number, (osis, name, abbreviations) in enumerate(_TABLE, start=1)
)
BOOK_BY_OSIS = {book.osis: book for book in BOOKS}


def verse_id(book: Book, chapter: int, verse: int) -> int:
    """The integer that orders the canon; verse 0 is a title or heading."""
    return book.number * BOOK_FACTOR + chapter * CHAPTER_FACTOR + verse


def split_verse_id(number: int) -> tuple[Book, int, int]:
    """Book, chapter and verse of a verse_id. Raises IndexError for a book that is not in the table."""
    book, rest = divmod(number, BOOK_FACTOR)
    if not 1 <= book <= len(BOOKS):
        raise IndexError(f"no book has number {book}")
    chapter, verse = divmod(rest, CHAPTER_FACTOR)
    return BOOKS[book - 1], chapter, verse


def osis_of(number: int) -> str:
    """`John.3.16` of a verse_id."""
    book, chapter, verse = split_verse_id(number)
    return f"{book.osis}.{chapter}.{verse}"


def book_range(book: Book) -> tuple[int, int]:
    """The first and last verse_id a book can have."""
    return book.number * BOOK_FACTOR, (book.number + 1) * BOOK_FACTOR - 1


def testament_range(testament: Testament) -> tuple[int, int]:
    """The first and last verse_id a testament can have."""
    numbers = [book.number for book in BOOKS if book.testament is testament]
    return min(numbers) * BOOK_FACTOR, (max(numbers) + 1) * BOOK_FACTOR - 1
