"""Reads the chapters and verses after a book: pairs, ranges, lists, `ff`, titles."""

import re
from collections.abc import Callable
from typing import NamedTuple

from appliance.scripture.canon import Book, verse_id
from appliance.scripture.references.reference import LAST_VERSE, PassageNotFound, Reference, chapters_of
from appliance.scripture.references.spelled_numbers import SPELLED, spelled_value

_TITLE_WORD = r"(?:sub)?(?:title|titulo|tit)s?(?![a-z])[.]?"
_VERSE_WORD = r"(?:verses?|vers|ver|vss?|vv?|versiculos?)(?![a-z])[.]?"
_CHAPTER_WORD = r"(?:chapters?|chapts?|chpts?|chaps?|chs?|cha|capitulos?|caps?)(?![a-z])[.]?"
_TOKEN = re.compile(
    rf"""(?P<space>[\s*_()\[\]]+)
    |(?P<number>\d+)
    |(?P<to>-+|~|(?:through|thru|to|hasta|al?)(?![a-z]))
    |(?P<title>{_TITLE_WORD})
    |(?P<chapter>{_CHAPTER_WORD})
    |(?P<verse>{_VERSE_WORD})
    |(?P<spelled>{SPELLED})
    |(?P<roman>(?=[ivxlc])c?(?:xc|xl|l?x{{0,3}})(?:ix|iv|v?i{{0,3}})(?![a-z\d]))
    |(?P<also>(?:and|y|e|see|also|compare|cf|vease|ver[ ]tambien|comparar?|plus|or|o)(?![a-z])[.]?|[,;&/:]|\.(?!\.))
    |(?P<version>(?:niv|n?kjv|esv|nasb|nrsva?|rsv|web|asv|nlt|net|msg|cev|rvr?\d*|nvi|lbla|dhh)(?![a-z\d]))
    """,
    re.VERBOSE,
)
# The characters that can be between a book and its first number.
_LEAD = re.compile(r"[\s*_\"'“”()\[\].:#-]*(?:,\s*(?=\d+\s*[:.]\s?\d|ch|cap|v))?")
_PAIR = re.compile(r"\s*:\s*(?P<colon>\d+)|\.(?P<stop>\d+)")
_LOOSE_PAIR = re.compile(r"\s*\.\s+(?P<loose>\d+)")
_TITLE = re.compile(rf"[\s:,]*{_TITLE_WORD}")
_SUFFIX = re.compile(r"[a-e](?![a-z])")
_FOLLOWING = re.compile(r"\s*(?:ff?|ss|y[ ]sig(?:uientes|s)?|and[ ]following)(?![a-z])[.]?")
_HOUR = re.compile(r"\s?[ap]\.?m(?![a-z])")
_THOUSANDS = re.compile(r",0\d\d(?!\d)")
_VERSE_OF_ROMAN = re.compile(r"\s*[.:]\s*\d")
_CHAPTER_FIVE = re.compile(r"(?P<roman>v)(?=\s*[.:]\s*\d)")
_ROMAN_VALUES = {"i": 1, "v": 5, "x": 10, "l": 50, "c": 100}
_MAX_DIGITS = 3
# The longest chapter has 176 verses. If the second of two numbers is higher than this, the numbers are not a range.
_MAX_VERSES = 200


class Point(NamedTuple):
    """A verse, or the title of a psalm (`verse` is 0), or a whole chapter (`verse` is None)."""

    book: Book
    chapter: int
    verse: int | None

    @property
    def begins(self) -> int:
        return verse_id(self.book, self.chapter, 1 if self.verse is None else self.verse)

    @property
    def ends(self) -> int:
        return verse_id(self.book, self.chapter, LAST_VERSE if self.verse is None else self.verse)


class Passage(NamedTuple):
    """A passage as written, from one point to another, with its position in the text. It may not exist in the canon."""

    first: Point
    last: Point | None
    start: int
    end: int


class Reading(NamedTuple):
    """The passages after a book, the position where they end, and whether a range ended before it began."""

    passages: list[Passage]
    end: int
    backwards: bool


class PassageReader:
    """Reads the passages after one book in a normalised text. `names_book` says if another book is named at a position.

    If `closing` is true, the first point ends a range that began in another book. This point does not begin a range.
    """

    def __init__(self, text: str, book: Book, names_book: Callable[[int], bool], *, closing: bool = False) -> None:
        self._text, self._book, self._names_book, self._closing = text, book, names_book, closing
        self._chapters = chapters_of(book)
        self._passages: list[Passage] = []
        self._pending = self._forced = ""
        self._backwards = self._bare_one = self._spoken = False

    def read(self, at: int, reference_start: int, chapter: int | None = None) -> Reading:
        """Read the passages from a position. Pass `chapter` if the chapter is written before the book."""
        end = at
        if chapter is not None:
            self._passages.append(Passage(Point(self._book, chapter, None), None, reference_start, at))
        elif lead := _LEAD.match(self._text, at):
            at = lead.end()
        while match := self._token(at):
            kind, at = str(match.lastgroup), match.end()
            if (
                kind == "number"
                or (kind == "roman" and self._is_roman(match))
                or (kind == "spelled" and self._is_spoken())
            ):
                number_end = self._number(match, reference_start if not self._passages else match.start())
                if number_end is None:
                    break
                at = end = number_end
            elif not self._continues(kind, match[0]):
                break
        if self._bare_one and len(self._passages) == 1 and self._passages[0].last is None:
            # "Jude 1" means the only chapter of the book.
            self._passages[0] = self._passages[0]._replace(first=Point(self._book, 1, None))
        return Reading(self._passages, end, self._backwards)

    def _token(self, at: int) -> re.Match[str] | None:
        """Return the next token. `v` is chapter 5 if no chapter is before it, as in `Rom. v. 1`; otherwise it means "verse"."""
        may_be_five = not self._passages and not self._forced and len(self._chapters) > 1
        return (may_be_five and _CHAPTER_FIVE.match(self._text, at)) or _TOKEN.match(self._text, at)

    def _is_spoken(self) -> bool:
        """Return True if a number in words counts: after the word "chapter" or "verse", or after a number that counted."""
        self._spoken = bool(self._forced) or (self._spoken and bool(self._pending))
        return self._spoken

    def _is_roman(self, match: re.Match[str]) -> bool:
        """Return True if a match is a chapter such as `xxiv`. A single letter is one only before a verse, as in `i. 1`."""
        previous = self._passages[-1].first if self._passages else None
        if _VERSE_OF_ROMAN.match(self._text, match.end()):
            return True
        return len(match[0]) > 1 and (previous is None or previous.verse is None)

    def _continues(self, kind: str, word: str) -> bool:
        """Process a word or sign between numbers. Return False if the reference ends before this word or sign."""
        if kind in ("roman", "spelled"):
            return False
        if kind in ("chapter", "verse"):
            self._forced = kind
        elif kind == "also":
            if not self._passages and word not in ":.":
                return False
            self._pending = "also"
            if word == ";" and len(self._chapters) > 1:
                self._forced = "chapter"
        elif kind == "to" and self._passages and self._pending != "to":
            self._pending = "to"
        return True

    def _number(self, match: re.Match[str], start: int) -> int | None:
        """Add the point that a number names. Return where the number ends, or None if the reference ends before the number."""
        is_next = not self._passages or self._pending or self._forced
        if not is_next or self._names_book(match.start()):
            return None
        point_and_end = self._point(match)
        if point_and_end is None or _HOUR.match(self._text, point_and_end[1]):
            self._pending = ""
            return None
        point, end = point_and_end
        if suffix := _SUFFIX.match(self._text, end):
            end = suffix.end()
        self._add(point, start, end)
        if following := _FOLLOWING.match(self._text, end):
            end = following.end()
            chapter = point.chapter if point.verse is not None else max(self._chapters)
            self._passages[-1] = self._passages[-1]._replace(last=Point(self._book, chapter, None), end=end)
        self._pending = self._forced = ""
        return end

    def _point(self, match: re.Match[str]) -> tuple[Point, int] | None:
        """Return the chapter or verse that one or two numbers name, and where the numbers end. None if they name neither."""
        text, end = self._text, match.end()
        is_roman = match.lastgroup == "roman"
        if (len(match[0]) > _MAX_DIGITS and match.lastgroup == "number") or _THOUSANDS.match(text, end):
            return None
        number = _VALUE_OF[str(match.lastgroup)](match[0])
        if self._book.osis == "Ps" and (title := _TITLE.match(text, end)):
            return Point(self._book, number, 0), title.end()
        previous = self._passages[-1].last or self._passages[-1].first if self._passages else None
        in_verses = previous is not None and previous.verse is not None
        allows_space = is_roman or not (in_verses or self._forced)
        pair = _PAIR.match(text, end) or (_LOOSE_PAIR.match(text, end) if allows_space else None)
        if pair:
            verse = pair[str(pair.lastgroup)]
            return (Point(self._book, number, int(verse)), pair.end()) if len(verse) <= _MAX_DIGITS else None
        chapter = previous.chapter if previous else 1
        if self._forced == "verse" or (in_verses and self._forced != "chapter"):
            return Point(self._book, chapter, number), end
        if len(self._chapters) == 1 and self._forced != "chapter":
            self._bare_one = number == 1 and not self._passages
            return Point(self._book, 1, number), end
        return Point(self._book, number, None), end

    def _add(self, point: Point, start: int, end: int) -> None:
        previous = self._passages[-1] if self._passages else None
        if (
            previous
            and previous.last is None
            and previous.first.verse is None
            and self._is_verse_of(previous.first, point)
        ):
            # "Genesis 1, verse 3" is one verse. "Psalm 125-1" is also one verse, because a range cannot end before it begins.
            self._passages[-1] = Passage(
                Point(self._book, previous.first.chapter, point.verse or point.chapter), None, previous.start, end
            )
        elif previous and previous.last is None and self._pending == "to":
            if point.ends >= previous.first.begins:
                self._passages[-1] = Passage(previous.first, point, previous.start, end)
            else:
                self._backwards = True
                self._passages.append(Passage(point, None, start, end))
        else:
            closes = self._closing and not self._passages
            self._passages.append(Passage(point, point if closes else None, start, end))

    def _is_verse_of(self, chapter: Point, point: Point) -> bool:
        """Return True if a number after a chapter is a verse of this chapter."""
        if point.verse is not None:
            return self._forced == "verse" and point.chapter == chapter.chapter
        backwards = self._pending == "to" and not self._forced and point.chapter < chapter.chapter
        return backwards and 1 <= point.chapter <= self._chapters.get(chapter.chapter, 0)


def _roman_value(numeral: str) -> int:
    values = [_ROMAN_VALUES[letter] for letter in numeral]
    return sum(
        -value if value < next_value else value for value, next_value in zip(values, [*values[1:], 0], strict=True)
    )


_VALUE_OF: dict[str, Callable[[str], int]] = {"number": int, "roman": _roman_value, "spelled": spelled_value}


def resolve(passage: Passage, *, strict: bool) -> Reference:
    """Return the reference of a passage. Raises PassageNotFound if the chapter or verse does not exist.

    If `strict` is false, a range that is too long ends with the last verse of its chapter or book.
    """
    first, last = passage.first, passage.last
    _check(first, None if first.verse is None else first.verse)
    if last is None or last == first:
        return Reference(first.begins, first.ends)
    chapters = chapters_of(last.book)
    if strict:
        _check(last, last.verse)
    elif last.chapter not in chapters:
        last = Point(last.book, max(chapters), None)
    elif last.verse is not None and last.verse > chapters[last.chapter]:
        if last.verse > _MAX_VERSES:
            return Reference(first.begins, first.ends)
        last = last._replace(verse=chapters[last.chapter])
    return Reference(first.begins, last.ends)


def _check(point: Point, verse: int | None) -> None:
    book, chapters = point.book, chapters_of(point.book)
    if point.chapter not in chapters:
        raise PassageNotFound(
            f"{book.name} has no chapter {point.chapter}.",
            remedy=f"It has {len(chapters)} chapter{'s' if len(chapters) > 1 else ''}.",
        )
    min_verse = 0 if book.osis == "Ps" else 1
    if verse is not None and not min_verse <= verse <= chapters[point.chapter]:
        raise PassageNotFound(
            f"{book.name} {point.chapter} has no verse {verse}.", remedy=f"It has {chapters[point.chapter]} verses."
        )
