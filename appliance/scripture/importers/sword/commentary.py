"""SWORD commentaries (zCom, zCom4): the files of zText, in which verses that share a comment point to the same place."""

import re
from collections.abc import Iterator
from itertools import groupby

from appliance.scripture.canon import verse_id
from appliance.scripture.commentaries.comment import Comment
from appliance.scripture.commentaries.kinds import COMMENTARY
from appliance.scripture.importers.fragments import unescape
from appliance.scripture.importers.source import ItemSource
from appliance.scripture.importers.sword.blocks import COMMENTARY_DRIVERS, Slot, read_slots
from appliance.scripture.importers.sword.configuration import Configuration, check_open, digest_of
from appliance.scripture.numbering import numbering
from appliance.scripture.references import LAST_VERSE
from appliance.scripture.versification import versification

_BREAK = re.compile(
    r"</?(?:p|div|lg|l|lb|title|list|item|table|row|chapter|q|br|h[1-6]|ul|ol|li)\b[^<>]*>|\n\s*\n", re.IGNORECASE
)
# "Verse 3.", "Verses 1-4.": what a paragraph is about; headings in capitals begin something else.
_STATED = re.compile(r"Verses? (?P<first>\d{1,3})(?:[-–](?P<last>\d{1,3}))?\b")
_SECTION = re.compile(r"[A-Z ]{8,}$|Whole Psalm")
_TAG = re.compile(r"<[^<>]*>")


def read_commentary(configuration: Configuration) -> ItemSource[Comment]:
    """The comments of a module. Raises SourceUnreadable for markups that are not read."""
    check_open(configuration)
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
    numbers = numbering(versification(configuration.value("Versification", "KJV")).name)
    slots = read_slots(configuration, COMMENTARY_DRIVERS[configuration.value("ModDrv")])
    for _, group in groupby((slot for slot in slots if slot.chapter), key=lambda slot: (slot.place, bool(slot.verse))):
        same = list(group)
        for start, end, paragraphs in _parted(same[0], _end(same[-1]), _paragraphs(same[0].fragment)):
            yield Comment(numbers.to_hub(start), numbers.to_hub(end), tuple(paragraphs))


def _parted(first: Slot, end: int, paragraphs: tuple[str, ...]) -> Iterator[tuple[int, int, list[str]]]:
    """The paragraphs by the verses that they say they are about, where a chapter's stand all at its first verse."""
    start = _id(first)
    parts: dict[tuple[int, int] | None, list[str]] = {}
    about: tuple[int, int] | None = None
    elsewhere = False
    for paragraph in paragraphs:
        if stated := _STATED.match(paragraph):
            one, other = stated["first"], stated["last"] or stated["first"]
            about = verse_id(first.book, first.chapter, int(one)), verse_id(first.book, first.chapter, int(other))
            elsewhere = elsewhere or not start <= about[0] <= end
        elif _SECTION.match(paragraph):
            about = None
        parts.setdefault(about, []).append(paragraph)
    if not elsewhere:
        parts = {(start, end): list(paragraphs)} if paragraphs else {}
    for place, lines in parts.items():
        yield *(place or _chapter(first)), lines


def _chapter(slot: Slot) -> tuple[int, int]:
    return verse_id(slot.book, slot.chapter, 0), verse_id(slot.book, slot.chapter, LAST_VERSE)


def _id(slot: Slot) -> int:
    return verse_id(slot.book, slot.chapter, slot.verse)


def _end(slot: Slot) -> int:
    """A chapter's introduction is about all of it."""
    return verse_id(slot.book, slot.chapter, slot.verse or LAST_VERSE)


def _paragraphs(fragment: str) -> tuple[str, ...]:
    parts = (" ".join(unescape(_TAG.sub(" ", part)).split()) for part in _BREAK.split(fragment))
    return tuple(re.sub(r" ([,.;:!?)])", r"\1", part) for part in parts if part)
