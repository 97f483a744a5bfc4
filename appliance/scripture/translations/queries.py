"""Reads of translations: which there are, and their books, chapters, passages and verses."""

from collections.abc import Sequence

import msgspec
from rapidfuzz import process

from appliance.errors import NotFound, Refused
from appliance.infrastructure.database import Database
from appliance.scripture.canon import BOOKS, Book, VerseRange, book_range, split_verse_id, verse_id
from appliance.scripture.library.queries import installed
from appliance.scripture.numbering import numbering
from appliance.scripture.references import LAST_VERSE, PassageNotFound, Reference, chapters_of
from appliance.scripture.translations import store
from appliance.scripture.translations.kinds import TRANSLATION
from appliance.scripture.translations.translation import Chapter, ParallelVerse, Translation, as_translation
from appliance.scripture.translations.verse import Verse

MAX_PASSAGE_VERSES, MAX_PASSAGE_TEXTS = 1_000, 2_000
MAX_TRANSLATIONS = 8


class TranslationNotFound(NotFound):
    """The library has no text of this id."""


class PassageTooLong(Refused):
    """More verses are asked for than one answer holds."""


def translations(database: Database) -> list[Translation]:
    """Every text, in the order of import."""
    return [as_translation(item) for item in installed(database, TRANSLATION)]


def find_translation(database: Database, identifier: str) -> Translation:
    """A text by its id, whatever its case. Raises TranslationNotFound with the nearest id."""
    known = translations(database)
    for translation in known:
        if translation.id.lower() == identifier.lower():
            return translation
    if not known:
        raise TranslationNotFound(
            "The library has no text yet.",
            remedy="`lampstand library import` brings one; ./packaging/run.sh brings three.",
        )
    nearest = process.extractOne(identifier.upper(), [each.id for each in known])
    raise TranslationNotFound(
        f"There is no translation {identifier[:40]!r}.",
        remedy=f"Did you mean {nearest[0]}?" if nearest else "",
    )


def default_translation(database: Database, preferred: str) -> Translation:
    """The preferred text where it is there, else the first. Raises TranslationNotFound in an empty library."""
    known = {each.id: each for each in translations(database)}
    return known.get(preferred) or next(iter(known.values()), None) or find_translation(database, preferred)


def passage(database: Database, reference: Reference, translations: Sequence[Translation]) -> list[ParallelVerse]:
    """The verses of a range in up to eight texts, side by side.

    Raises PassageNotFound where none of them has it, PassageTooLong over 1,000 verses or over 2,000
    in all the texts together.
    """
    if len(translations) > MAX_TRANSLATIONS:
        raise PassageTooLong(f"At most {MAX_TRANSLATIONS} translations stand side by side.", remedy="Name fewer.")
    by_place: dict[int, dict[str, Verse]] = {}
    total = 0
    for translation in translations:
        found = _range_of(database, translation, reference)
        if len(found) > MAX_PASSAGE_VERSES:
            raise PassageTooLong(
                f"{reference} is more than {MAX_PASSAGE_VERSES:,} verses.",
                remedy="Ask for some chapters at a time.",
            )
        total += len(found)
        if total > MAX_PASSAGE_TEXTS:
            raise PassageTooLong(
                f"{reference} in {len(translations)} translations is more than {MAX_PASSAGE_TEXTS:,} verses.",
                remedy="Ask for some chapters at a time, or name fewer translations.",
            )
        for verse in found:
            by_place.setdefault(verse.verse_id, {})[translation.id] = verse
    if not by_place:
        raise PassageNotFound(
            f"There is no {reference} in {' or '.join(each.id for each in translations)}.",
            remedy="Another translation may have it.",
        )
    return [ParallelVerse(place, verses) for place, verses in sorted(by_place.items())]


def _range_of(database: Database, translation: Translation, reference: Reference) -> list[Verse]:
    """The verses of a range of the hub in a text, under the hub's numbers."""
    numbers = numbering(translation.versification)
    if not numbers.differs:
        return store.select_range(database.reader, translation.id, reference, MAX_PASSAGE_VERSES + 1)
    own_start, own_end = numbers.from_hub(reference.start), numbers.from_hub(_last_real(reference.end))
    if own_end == _last_real(reference.end):
        own_end = reference.end
    own = VerseRange(own_start, own_end)
    rows = store.select_range(database.reader, translation.id, own, MAX_PASSAGE_VERSES + 1)
    moved = [
        msgspec.structs.replace(verse, verse_id=numbers.to_hub(verse.verse_id), through=numbers.to_hub(verse.through))
        for verse in rows
    ]
    return [
        verse
        for verse in moved
        if reference.start <= max(verse.verse_id, verse.through) and verse.verse_id <= reference.end
    ]


def _last_real(end: int) -> int:
    """The last verse that the hub has of a range that may end with verse 999."""
    book, number, verse = split_verse_id(end)
    return verse_id(book, number, min(verse, chapters_of(book).get(number, verse)))


def books(database: Database, translation: Translation) -> list[Book]:
    """The books that a text has."""
    return [BOOKS[number - 1] for (number,) in database.reader.rows(store.SELECT_BOOKS, (translation.id,))]


def chapters(database: Database, translation: Translation, book: Book) -> list[int]:
    """The chapters of a book that a text has."""
    verses = book_range(book)
    rows = database.reader.rows(store.SELECT_CHAPTERS, (translation.id, verses.start, verses.end))
    return [number % 1_000 for (number,) in rows]


def chapter(database: Database, translation: Translation, book: Book, number: int) -> Chapter:
    """A chapter of a text. Raises PassageNotFound, saying which chapters there are."""
    if not 0 < number < LAST_VERSE:
        raise PassageNotFound(f"{book.name} has no chapter {number}.", remedy="Chapters begin at 1.")
    first, last = verse_id(book, number, 0), verse_id(book, number, LAST_VERSE)
    verses = chapter_verses(database, translation, book, number)
    if not verses:
        there = chapters(database, translation, book)
        raise PassageNotFound(
            f"{translation.id} has no {book.name} {number}.",
            remedy=f"It has chapters {there[0]} to {there[-1]}." if there else "Another translation may have the book.",
        )
    reader = database.reader
    return Chapter(
        translation=translation,
        book=book,
        chapter=number,
        previous=_chapter_of(reader.value(store.PREVIOUS_CHAPTER, (translation.id, first))),
        next=_chapter_of(reader.value(store.NEXT_CHAPTER, (translation.id, last))),
        verses=tuple(verses),
    )


def chapter_verses(database: Database, translation: Translation, book: Book, number: int) -> list[Verse]:
    """The verses that a text has of a chapter; none where it lacks it."""
    whole = VerseRange(verse_id(book, number, 0), verse_id(book, number, LAST_VERSE))
    return store.select_range(database.reader, translation.id, whole, LAST_VERSE + 1)


def _chapter_of(place: int | None) -> tuple[str, int] | None:
    if place is None:
        return None
    book, number, _verse = split_verse_id(place)
    return book.osis, number


def texts(database: Database, translation: Translation, verse_ids: Sequence[int]) -> dict[int, str]:
    """The plain text of each verse of the hub that a translation has."""
    numbers = numbering(translation.versification)
    own = {verse: numbers.from_hub(verse) for verse in verse_ids}
    found = store.select_texts(database.reader, translation.id, list(own.values()))
    return {verse: found[number] for verse, number in own.items() if number in found}


class Translations:
    """The translations of one library; `default` is the id of the one that people read first."""

    def __init__(self, library: Database, default: str) -> None:
        self._library, self._default = library, default

    def all(self) -> list[Translation]:
        """Every translation, in the order in which they were imported."""
        return translations(self._library)

    def choose(self, name: str = "") -> Translation:
        """The translation of an id, or the default one for an empty name. Raises TranslationNotFound."""
        if name:
            return find_translation(self._library, name)
        return default_translation(self._library, self._default)

    def choose_several(self, names: str = "") -> list[Translation]:
        """The translations of ids with commas between, or the default one alone. Raises TranslationNotFound."""
        return [self.choose(name.strip()) for name in names.split(",") if name.strip()] or [self.choose()]
