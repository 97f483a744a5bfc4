"""Reads SWORD commentaries (zCom, zCom4), which have the files of zText. Verses with the same comment share its place."""

import re
from collections.abc import Iterator, Sequence
from itertools import groupby

from appliance.scripture.canon import CHAPTER_FACTOR, VerseRange, verse_id
from appliance.scripture.commentaries.comment import Comment
from appliance.scripture.commentaries.kinds import COMMENTARY
from appliance.scripture.importers.fragments import unescape
from appliance.scripture.importers.source import ItemSource
from appliance.scripture.importers.sword.blocks import COMMENTARY_DRIVERS, Slot, read_slots
from appliance.scripture.importers.sword.configuration import Configuration, check_readable, digest_of
from appliance.scripture.numbering import Numbering, numbering
from appliance.scripture.references import LAST_VERSE
from appliance.scripture.versification import versification

_BREAK = re.compile(
    r"</?(?:p|div|lg|l|lb|title|list|item|table|row|chapter|q|br|h[1-6]|ul|ol|li)\b[^<>]*>|\n\s*\n", re.IGNORECASE
)
# "Verse 3." or "Verses 1-4." at the beginning of a paragraph says which verses it is about. A heading in capitals begins a
# new part.
_STATED = re.compile(r"Verses? (?P<first>\d{1,3})(?:[-–](?P<last>\d{1,3}))?\b")
_SECTION = re.compile(r"[A-Z ]{8,}$|Whole Psalm")
_TAG = re.compile(r"<[^<>]*>")


def read_commentary(configuration: Configuration) -> ItemSource[Comment]:
    """Return the comments of a module. Raises SourceUnreadable for unsupported markup."""
    check_readable(configuration)
    return ItemSource(
        kind=COMMENTARY,
        id=re.sub(r"[^\w.-]", "", configuration.module),
        name=configuration.value("Description", configuration.module),
        language=configuration.language,
        licence=configuration.licence,
        attribution=configuration.attribution,
        origin=configuration.origin,
        digest=digest_of(configuration),
        entries=lambda: _comments(configuration),
    )


def _comments(configuration: Configuration) -> Iterator[Comment]:
    scheme = versification(configuration.value("Versification", "KJV"))
    numbers = numbering(scheme.name)
    lengths = {division.book.number: division.verses for division in scheme.divisions}
    slots = read_slots(configuration, COMMENTARY_DRIVERS[configuration.value("ModDrv")])
    for _, group in groupby((slot for slot in slots if slot.chapter), key=lambda slot: (slot.place, bool(slot.verse))):
        same_comment = list(group)
        first, last = same_comment[0], same_comment[-1]
        for start, end, paragraphs in _split_by_verses(first, _end(last), _paragraphs(first.fragment)):
            for verses in _in_hub(numbers, lengths[first.book.number], VerseRange(start, end)):
                yield Comment(verses.start, verses.end, tuple(paragraphs))


def _in_hub(numbers: Numbering, lengths: Sequence[int], own: VerseRange) -> Iterator[VerseRange]:
    """Yield the hub verses of a range within one chapter, as one range per hub chapter.

    `lengths` has the number of verses of each chapter of the book. The introduction of a chapter is about a whole hub chapter
    if the neighbouring chapters have no verses of that hub chapter.
    """
    book_and_chapter = own.start // CHAPTER_FACTOR
    chapter_start = book_and_chapter * CHAPTER_FACTOR
    chapter_length = lengths[book_and_chapter % CHAPTER_FACTOR - 1]
    hub_verses: dict[int, list[int]] = {}
    for number in range(max(own.start, chapter_start + 1), min(own.end, chapter_start + chapter_length) + 1):
        hub_number = numbers.to_hub(number)
        hub_verses.setdefault(hub_number // CHAPTER_FACTOR, []).append(hub_number)
    if not hub_verses:
        # The comment is about verses that the chapter does not have.
        yield VerseRange(numbers.to_hub(own.start), numbers.to_hub(own.end))
    next_hub_chapter = numbers.to_hub(chapter_start + CHAPTER_FACTOR + 1) // CHAPTER_FACTOR
    for hub_chapter, verses in hub_verses.items():
        first = hub_chapter * CHAPTER_FACTOR
        is_whole = own.start == chapter_start and min(verses) <= first + 1 and hub_chapter != next_hub_chapter
        yield VerseRange(first, first + LAST_VERSE) if is_whole else VerseRange(min(verses), max(verses))


def _split_by_verses(slot: Slot, end: int, paragraphs: tuple[str, ...]) -> Iterator[tuple[int, int, list[str]]]:
    """Yield the paragraphs by verse range. Some commentaries store all comments on a chapter at the chapter's first verse.

    In this case, each paragraph says which verses it is about.
    """
    start = _id(slot)
    parts: dict[tuple[int, int] | None, list[str]] = {}
    stated_range: tuple[int, int] | None = None
    has_other_verses = False
    for paragraph in paragraphs:
        if stated := _STATED.match(paragraph):
            first, last = int(stated["first"]), int(stated["last"] or stated["first"])
            stated_range = verse_id(slot.book, slot.chapter, first), verse_id(slot.book, slot.chapter, last)
            has_other_verses = has_other_verses or not start <= stated_range[0] <= end
        elif _SECTION.match(paragraph):
            stated_range = None
        parts.setdefault(stated_range, []).append(paragraph)
    if not has_other_verses:
        parts = {(start, end): list(paragraphs)} if paragraphs else {}
    for verse_range, lines in parts.items():
        yield *(verse_range or _chapter(slot)), lines


def _chapter(slot: Slot) -> tuple[int, int]:
    return verse_id(slot.book, slot.chapter, 0), verse_id(slot.book, slot.chapter, LAST_VERSE)


def _id(slot: Slot) -> int:
    return verse_id(slot.book, slot.chapter, slot.verse)


def _end(slot: Slot) -> int:
    """Return the last verse of a slot. The introduction of a chapter is about the whole chapter."""
    return verse_id(slot.book, slot.chapter, slot.verse or LAST_VERSE)


def _paragraphs(fragment: str) -> tuple[str, ...]:
    parts = (" ".join(unescape(_TAG.sub(" ", part)).split()) for part in _BREAK.split(fragment))
    return tuple(re.sub(r" ([,.;:!?)])", r"\1", part) for part in parts if part)
