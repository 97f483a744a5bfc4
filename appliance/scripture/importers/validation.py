"""Validation of a translation before it is written to the library.

These faults occur in real files: tags in the text, section headings inside verses, and missing verses. Verses can also be
joined where a quotation continues in the next verse. If a translation has a fault, the whole translation is refused.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

import msgspec

from appliance.errors import Refused
from appliance.scripture.importers.known_texts import KnownText
from appliance.scripture.references import LAST_VERSE
from appliance.scripture.translations.verse import HeadingKind, Verse
from appliance.scripture.versification import max_chapters

MAX_VERSE_CHARACTERS = 1_000
MAX_NOTE_CHARACTERS = 20_000
MAX_ANNOTATIONS = 2_000
# A file with more faults than this is not a valid translation, so reading stops.
MAX_FAULTS = 1_000
MAX_REPORTED_FAULTS = 3
REPORT_EVERY = 50
Entry = TypeVar("Entry")
_RESIDUE = re.compile(r"</?[A-Za-z][^>]*>|&#?\w+;|[|]|\\\*|\\[a-z]+\d?\*?|[{}]")


class TextFaulty(Refused):
    """The file has faults that readers would notice."""


class Fault(msgspec.Struct, frozen=True):
    """A fault in a verse. The verse is named by its OSIS id."""

    osis: str
    description: str


def counted(entries: Iterable[Entry], on_entry: Callable[[int], None]) -> Iterator[Entry]:
    """Yield the entries. Call `on_entry` regularly with the number of entries so far."""
    for count, entry in enumerate(entries, start=1):
        if count % REPORT_EVERY == 0:
            on_entry(count)
        yield entry


def bounded(
    entries: Iterable[Entry], limit: int, name: str, on_entry: Callable[[int], None] = lambda _count: None
) -> Iterator[Entry]:
    """Yield and count the entries of the item `name`. Raises TextFaulty if there are more than `limit` entries."""
    for count, entry in enumerate(counted(entries, on_entry), start=1):
        if count > limit:
            raise TextFaulty(f"{name} has more than {limit:,} entries.", remedy="Import only a part of this item.")
        yield entry


def valid_verses(verses: Iterable[Verse], name: str, known_text: KnownText) -> list[Verse]:
    """Return the verses that have words, in canon order. Raises TextFaulty with the first faults and their number."""
    verses_with_words: list[Verse] = []
    faults: list[Fault] = []
    seen_ids: set[int] = set()
    for verse in verses:
        faults += _faults(verse, known_text, seen_ids)
        seen_ids.add(verse.verse_id)
        if verse.text:
            verses_with_words.append(verse)
        if len(faults) > MAX_FAULTS:
            raise _faulty(name, faults)
    if not verses_with_words:
        raise TextFaulty(f"{name} has no verse with words.", remedy="Check that the file is a Bible translation.")
    faults += _missing_verses(known_text, verses_with_words, seen_ids)
    if known_text.verses is not None and len(verses_with_words) != known_text.verses:
        faults.append(Fault(name, f"{len(verses_with_words):,} verses instead of {known_text.verses:,}"))
    if faults:
        raise _faulty(name, faults)
    return sorted(verses_with_words, key=lambda verse: verse.verse_id)


def _faulty(name: str, faults: Sequence[Fault]) -> TextFaulty:
    reported = "; ".join(f"{fault.osis}: {fault.description}" for fault in faults[:MAX_REPORTED_FAULTS])
    more = f" and {len(faults) - MAX_REPORTED_FAULTS:,} more" if len(faults) > MAX_REPORTED_FAULTS else ""
    return TextFaulty(
        f"{name} has {len(faults):,} fault{'s' if len(faults) > 1 else ''}: {reported}{more}.",
        remedy="The library is unchanged. Download the translation again, or correct it at its source.",
    )


def _faults(verse: Verse, known_text: KnownText, seen_ids: set[int]) -> list[Fault]:
    osis, descriptions = verse.osis, list[str]()
    if verse.verse_id in seen_ids:
        descriptions.append("the verse occurs twice")
    if not 0 <= verse.place[2] < LAST_VERSE:
        descriptions.append("the verse number is out of range")
    book, chapter, _verse = verse.place
    if not 1 <= chapter <= max_chapters(book):
        descriptions.append(f"{book.name} has no chapter {chapter}")
    residue = _RESIDUE.search(verse.text)
    if residue:
        descriptions.append(f"the text contains markup, {residue.group()[:40]!r}")
    if len(verse.text) > MAX_VERSE_CHARACTERS and osis not in known_text.long:
        descriptions.append(
            f"the verse has {len(verse.text):,} characters, but at most {MAX_VERSE_CHARACTERS:,} are allowed"
        )
    markup = verse.markup
    if len(markup.words) + len(markup.notes) + len(markup.spans) + len(markup.breaks) > MAX_ANNOTATIONS:
        descriptions.append(f"the verse has more than {MAX_ANNOTATIONS:,} annotations")
    notes_and_headings = [*(note.text for note in markup.notes), *(heading.text for heading in markup.headings)]
    if any(len(text) > MAX_NOTE_CHARACTERS for text in notes_and_headings):
        descriptions.append(f"a note or heading has more than {MAX_NOTE_CHARACTERS:,} characters")
    for heading in markup.headings:
        is_section = heading.kind in (HeadingKind.SECTION, HeadingKind.BOOK) and len(heading.text) > 12
        if is_section and verse.text.startswith(heading.text):
            descriptions.append(f"the text begins with the heading {heading.text[:40]!r}")
    return [Fault(osis, description) for description in descriptions]


def _missing_verses(known_text: KnownText, verses: Sequence[Verse], seen_ids: set[int]) -> list[Fault]:
    """Return faults for verses without words, and for verses that are missing between other verses of their chapter."""
    ids_with_words = {verse.verse_id for verse in verses}
    books = {verse_id // 1_000_000 for verse_id in ids_with_words}
    last_verses: dict[int, int] = {}
    for verse_id in ids_with_words:
        last_verses[verse_id // 1_000] = max(last_verses.get(verse_id // 1_000, 0), verse_id)
    expected = {verse_id for verse_id in seen_ids if verse_id // 1_000_000 in books and verse_id % 1_000}
    expected |= {chapter * 1_000 + verse for chapter, end in last_verses.items() for verse in range(1, end % 1_000)}
    bridged = {number for verse in verses if verse.through for number in range(verse.verse_id, verse.through + 1)}
    missing = (Verse(verse_id, "").osis for verse_id in sorted(expected - ids_with_words - bridged))
    return [Fault(osis, "the verse has no words") for osis in missing if osis not in known_text.absent]
