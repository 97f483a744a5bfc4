"""What a text must hold to before it enters the library.

Faults seen in the field: tags left in the text, section headings fused into verses, verses run together where a quote
crosses their border, verses lost. A text with a fault is refused whole.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

import msgspec

from appliance.errors import Refused
from appliance.scripture.importers.known_texts import KnownText
from appliance.scripture.references import LAST_VERSE
from appliance.scripture.translations.verse import HeadingKind, Verse
from appliance.scripture.versification import most_chapters

MAX_VERSE_CHARACTERS = 1_000
MAX_NOTE_CHARACTERS = 20_000
MAX_ANNOTATIONS = 2_000
# A file with more is not the text that it claims to be, and is not read to its end.
MAX_FAULTS = 1_000
SHOWN = 3
REPORT_EVERY = 50
Entry = TypeVar("Entry")
_RESIDUE = re.compile(r"</?[A-Za-z][^>]*>|&#?\w+;|[|]|\\\*|\\[a-z]+\d?\*?|[{}]")


class TextFaulty(Refused):
    """The text has faults that readers would stumble over."""


class Fault(msgspec.Struct, frozen=True):
    """A fault at a verse (OSIS id)."""

    osis: str
    what: str


def counted(entries: Iterable[Entry], on_entry: Callable[[int], None]) -> Iterator[Entry]:
    """The entries; every now and then, `on_entry` is called with their number so far."""
    for count, entry in enumerate(entries, start=1):
        if count % REPORT_EVERY == 0:
            on_entry(count)
        yield entry


def bounded(
    entries: Iterable[Entry], most: int, name: str, on_entry: Callable[[int], None] = lambda _count: None
) -> Iterator[Entry]:
    """The entries of what has a name, as they are read and counted. Raises TextFaulty for more than `most`."""
    for count, entry in enumerate(counted(entries, on_entry), start=1):
        if count > most:
            raise TextFaulty(f"{name} has more than {most:,} entries.", remedy="Import a part of it.")
        yield entry


def valid_verses(verses: Iterable[Verse], name: str, known: KnownText) -> list[Verse]:
    """The verses with words, in the order of the canon. Raises TextFaulty, naming the first faults and their number."""
    kept: list[Verse] = []
    faults: list[Fault] = []
    seen: set[int] = set()
    for verse in verses:
        faults += _faults(verse, known, seen)
        seen.add(verse.verse_id)
        if verse.text:
            kept.append(verse)
        if len(faults) > MAX_FAULTS:
            raise _faulty(name, faults)
    if not kept:
        raise TextFaulty(f"{name} has no verse with words.", remedy="Is it the text it claims to be?")
    faults += _absent(known, kept, seen)
    if known.verses is not None and len(kept) != known.verses:
        faults.append(Fault(name, f"{len(kept):,} verses, where {known.verses:,} are known"))
    if faults:
        raise _faulty(name, faults)
    return sorted(kept, key=lambda verse: verse.verse_id)


def _faulty(name: str, faults: Sequence[Fault]) -> TextFaulty:
    shown = "; ".join(f"{fault.osis}: {fault.what}" for fault in faults[:SHOWN])
    more = f" and {len(faults) - SHOWN:,} more" if len(faults) > SHOWN else ""
    return TextFaulty(
        f"{name} has {len(faults):,} fault{'s' if len(faults) > 1 else ''}: {shown}{more}.",
        remedy="The library is as it was. Download the text again, or correct it at its source.",
    )


def _faults(verse: Verse, known: KnownText, seen: set[int]) -> list[Fault]:
    osis, found = verse.osis, list[str]()
    if verse.verse_id in seen:
        found.append("the verse occurs twice")
    if not 0 <= verse.place[2] < LAST_VERSE:
        found.append("the verse number is out of range")
    book, chapter, _verse = verse.place
    if not 1 <= chapter <= most_chapters(book):
        found.append(f"{book.name} has no chapter {chapter}")
    residue = _RESIDUE.search(verse.text)
    if residue:
        found.append(f"markup left in the text, {residue.group()[:40]!r}")
    if len(verse.text) > MAX_VERSE_CHARACTERS and osis not in known.long:
        found.append(f"{len(verse.text):,} characters, where {MAX_VERSE_CHARACTERS:,} are the most")
    markup = verse.markup
    if len(markup.words) + len(markup.notes) + len(markup.spans) + len(markup.breaks) > MAX_ANNOTATIONS:
        found.append(f"more than {MAX_ANNOTATIONS:,} annotations")
    beside = [*(note.text for note in markup.notes), *(heading.text for heading in markup.headings)]
    if any(len(text) > MAX_NOTE_CHARACTERS for text in beside):
        found.append(f"a note or heading of more than {MAX_NOTE_CHARACTERS:,} characters")
    for heading in markup.headings:
        fused = heading.kind in (HeadingKind.SECTION, HeadingKind.BOOK) and len(heading.text) > 12
        if fused and verse.text.startswith(heading.text):
            found.append(f"the heading {heading.text[:40]!r} is fused into the text")
    return [Fault(osis, what) for what in found]


def _absent(known: KnownText, verses: Sequence[Verse], seen: set[int]) -> list[Fault]:
    """Verses that the source has a place for but no words, or that are missing between others of their chapter."""
    with_words = {verse.verse_id for verse in verses}
    books = {verse_id // 1_000_000 for verse_id in with_words}
    last: dict[int, int] = {}
    for verse_id in with_words:
        last[verse_id // 1_000] = max(last.get(verse_id // 1_000, 0), verse_id)
    expected = {verse_id for verse_id in seen if verse_id // 1_000_000 in books and verse_id % 1_000}
    expected |= {chapter * 1_000 + verse for chapter, end in last.items() for verse in range(1, end % 1_000)}
    bridged = {number for verse in verses if verse.through for number in range(verse.verse_id, verse.through + 1)}
    missing = (Verse(verse_id, "").osis for verse_id in sorted(expected - with_words - bridged))
    return [Fault(osis, "the verse has no words") for osis in missing if osis not in known.absent]
