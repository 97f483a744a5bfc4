"""The chapters and verses after a book: pairs, ranges, lists, `ff`, titles."""

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
# What may stand between a book and its first number.
_LEAD = re.compile(r"[\s*_\"'“”()\[\].:#-]*(?:,\s*(?=\d+\s*[:.]\s?\d|ch|cap|v))?")
_PAIR = re.compile(r"\s*:\s*(?P<colon>\d+)|\.(?P<stop>\d+)")
_LOOSE_PAIR = re.compile(r"\s*\.\s+(?P<loose>\d+)")
_TITLE = re.compile(rf"[\s:,]*{_TITLE_WORD}")
_SUFFIX = re.compile(r"[a-e](?![a-z])")
_FOLLOWING = re.compile(r"\s*(?:ff?|ss|y[ ]sig(?:uientes|s)?|and[ ]following)(?![a-z])[.]?")
_HOUR = re.compile(r"\s?[ap]\.?m(?![a-z])")
_THOUSANDS = re.compile(r",0\d\d(?!\d)")
_VERSE_OF_ROMAN = re.compile(r"\s*[.:]\s*\d")
_ROMAN_VALUES = {"i": 1, "v": 5, "x": 10, "l": 50, "c": 100}
_MAX_DIGITS = 3
# The longest chapter has 176 verses: a range that ends far beyond is no range.
_MAX_VERSES = 200


class Point(NamedTuple):
    """A verse, a psalm's title (verse 0), or with None a whole chapter."""

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
    """What was written, from one point to another, at a place of the text; nobody looked yet whether it exists."""

    first: Point
    last: Point | None
    start: int
    end: int


class Reading(NamedTuple):
    """The passages after a book, where they end, and whether a range ended before it began."""

    passages: list[Passage]
    end: int
    backwards: bool


class PassageReader:
    """Reads what follows one book in a normalised text. `names_book` says whether a book is named at a place.

    With `closing`, the first point closes a range that another book opened, and opens none itself.
    """

    def __init__(self, text: str, book: Book, names_book: Callable[[int], bool], *, closing: bool = False) -> None:
        self._text, self._book, self._names_book, self._closing = text, book, names_book, closing
        self._chapters = chapters_of(book)
        self._passages: list[Passage] = []
        self._pending = self._forced = ""
        self._backwards = self._bare_one = self._spoken = False

    def read(self, at: int, begun: int, chapter: int | None = None) -> Reading:
        """The passages from a place on; `chapter` where it was named before the book."""
        end = at
        if chapter is not None:
            self._passages.append(Passage(Point(self._book, chapter, None), None, begun, at))
        elif lead := _LEAD.match(self._text, at):
            at = lead.end()
        while match := _TOKEN.match(self._text, at):
            kind, at = str(match.lastgroup), match.end()
            if (
                kind == "number"
                or (kind == "roman" and self._is_roman(match))
                or (kind == "spelled" and self._is_spoken())
            ):
                after = self._number(match, begun if not self._passages else match.start())
                if after is None:
                    break
                at = end = after
            elif not self._continues(kind, match[0]):
                break
        if self._bare_one and len(self._passages) == 1 and self._passages[0].last is None:
            # "Jude 1" is the book's only chapter.
            self._passages[0] = self._passages[0]._replace(first=Point(self._book, 1, None))
        return Reading(self._passages, end, self._backwards)

    def _is_spoken(self) -> bool:
        """True for a number in words where it is called a chapter or verse, or follows one that was."""
        self._spoken = bool(self._forced) or (self._spoken and bool(self._pending))
        return self._spoken

    def _is_roman(self, match: re.Match[str]) -> bool:
        """True for a chapter such as `xxiv`; a single letter is one only before a verse, as in `i. 1`."""
        before = self._passages[-1].first if self._passages else None
        if _VERSE_OF_ROMAN.match(self._text, match.end()):
            return True
        return len(match[0]) > 1 and (before is None or before.verse is None)

    def _continues(self, kind: str, word: str) -> bool:
        """Take note of a word or sign between numbers; False where the reference ends before it."""
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

    def _number(self, match: re.Match[str], begun: int) -> int | None:
        """Add what a number names; where to go on, or None where the reference ends before it."""
        is_next = not self._passages or self._pending or self._forced
        if not is_next or self._names_book(match.start()):
            return None
        read = self._point(match)
        if read is None or _HOUR.match(self._text, read[1]):
            self._pending = ""
            return None
        point, end = read
        if suffix := _SUFFIX.match(self._text, end):
            end = suffix.end()
        self._add(point, begun, end)
        if following := _FOLLOWING.match(self._text, end):
            end = following.end()
            chapter = point.chapter if point.verse is not None else max(self._chapters)
            self._passages[-1] = self._passages[-1]._replace(last=Point(self._book, chapter, None), end=end)
        self._pending = self._forced = ""
        return end

    def _point(self, match: re.Match[str]) -> tuple[Point, int] | None:
        """What a number and perhaps a second one name, and where that ends; None for what is no chapter and no verse."""
        text, end = self._text, match.end()
        is_roman = match.lastgroup == "roman"
        if (len(match[0]) > _MAX_DIGITS and match.lastgroup == "number") or _THOUSANDS.match(text, end):
            return None
        number = _VALUE_OF[str(match.lastgroup)](match[0])
        if self._book.osis == "Ps" and (title := _TITLE.match(text, end)):
            return Point(self._book, number, 0), title.end()
        before = self._passages[-1].last or self._passages[-1].first if self._passages else None
        in_verses = before is not None and before.verse is not None
        loosely = is_roman or not (in_verses or self._forced)
        pair = _PAIR.match(text, end) or (_LOOSE_PAIR.match(text, end) if loosely else None)
        if pair:
            verse = pair[str(pair.lastgroup)]
            return (Point(self._book, number, int(verse)), pair.end()) if len(verse) <= _MAX_DIGITS else None
        chapter = before.chapter if before else 1
        if self._forced == "verse" or (in_verses and self._forced != "chapter"):
            return Point(self._book, chapter, number), end
        if len(self._chapters) == 1 and self._forced != "chapter":
            self._bare_one = number == 1 and not self._passages
            return Point(self._book, 1, number), end
        return Point(self._book, number, None), end

    def _add(self, point: Point, begun: int, end: int) -> None:
        before = self._passages[-1] if self._passages else None
        if before and before.last is None and before.first.verse is None and self._is_within(before.first, point):
            # "Genesis 1, verse 3" is one verse, and so is "Psalm 125-1": no range ends before it begins.
            self._passages[-1] = Passage(
                Point(self._book, before.first.chapter, point.verse or point.chapter), None, before.start, end
            )
        elif before and before.last is None and self._pending == "to":
            if point.ends >= before.first.begins:
                self._passages[-1] = Passage(before.first, point, before.start, end)
            else:
                self._backwards = True
                self._passages.append(Passage(point, None, begun, end))
        else:
            closes = self._closing and not self._passages
            self._passages.append(Passage(point, point if closes else None, begun, end))

    def _is_within(self, chapter: Point, point: Point) -> bool:
        """True where a number after a chapter is a verse of it."""
        if point.verse is not None:
            return self._forced == "verse" and point.chapter == chapter.chapter
        backwards = self._pending == "to" and not self._forced and point.chapter < chapter.chapter
        return backwards and 1 <= point.chapter <= self._chapters.get(chapter.chapter, 0)


def _roman_value(numeral: str) -> int:
    values = [_ROMAN_VALUES[letter] for letter in numeral]
    return sum(-one if one < other else one for one, other in zip(values, [*values[1:], 0], strict=True))


_VALUE_OF: dict[str, Callable[[str], int]] = {"number": int, "roman": _roman_value, "spelled": spelled_value}


def resolve(passage: Passage, *, strictly: bool) -> Reference:
    """The verses of a passage. Raises PassageNotFound for a chapter or verse that does not exist.

    Other than `strictly`, a range that ends beyond its chapter or book ends with it.
    """
    first, last = passage.first, passage.last
    _check(first, None if first.verse is None else first.verse)
    if last is None or last == first:
        return Reference(first.begins, first.ends)
    chapters = chapters_of(last.book)
    if strictly:
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
    least = 0 if book.osis == "Ps" else 1
    if verse is not None and not least <= verse <= chapters[point.chapter]:
        raise PassageNotFound(
            f"{book.name} {point.chapter} has no verse {verse}.", remedy=f"It has {chapters[point.chapter]} verses."
        )
