"""Queries for translations, and for the books, chapters, passages and verses of translations."""

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

# The largest passage, in verses: in one translation, and in all requested translations together.
MAX_PASSAGE_VERSES, MAX_PARALLEL_VERSES = 1_000, 2_000
MAX_TRANSLATIONS = 8


class TranslationNotFound(NotFound):
    """The library has no translation with this id."""


class PassageTooLong(Refused):
    """The passage has more verses than one response may contain."""


def translations(database: Database) -> list[Translation]:
    """Return all translations, in the order of import."""
    return [as_translation(item) for item in installed(database, TRANSLATION)]


def find_translation(database: Database, identifier: str) -> Translation:
    """Return the translation with this id. The case does not matter.

    Raises TranslationNotFound, with the most similar id.
    """
    installed_translations = translations(database)
    for translation in installed_translations:
        if translation.id.lower() == identifier.lower():
            return translation
    if not installed_translations:
        raise TranslationNotFound(
            "The library has no translation yet.",
            remedy="Import a translation with `lampstand library import`, or three translations with ./packaging/run.sh.",
        )
    nearest = process.extractOne(identifier.upper(), [translation.id for translation in installed_translations])
    raise TranslationNotFound(
        f"There is no translation {identifier[:40]!r}.",
        remedy=f"Did you mean {nearest[0]}?" if nearest else "",
    )


def default_translation(database: Database, preferred: str) -> Translation:
    """Return the preferred translation, or the first if that is not installed. Raises TranslationNotFound."""
    by_id = {translation.id: translation for translation in translations(database)}
    return by_id.get(preferred) or next(iter(by_id.values()), None) or find_translation(database, preferred)


def passage(database: Database, reference: Reference, translations: Sequence[Translation]) -> list[ParallelVerse]:
    """Return the verses of a reference in up to eight translations, side by side.

    Raises PassageNotFound if no translation has the passage. Raises PassageTooLong if the passage has more than 1,000 verses,
    or more than 2,000 verses in all translations together.
    """
    if len(translations) > MAX_TRANSLATIONS:
        raise PassageTooLong(
            f"{len(translations)} translations are too many to show side by side.",
            remedy=f"Choose at most {MAX_TRANSLATIONS} translations.",
        )
    by_verse_id: dict[int, dict[str, Verse]] = {}
    total = 0
    for translation in translations:
        verses = _range_of(database, translation, reference)
        if len(verses) > MAX_PASSAGE_VERSES:
            raise PassageTooLong(
                f"{reference} has more than {MAX_PASSAGE_VERSES:,} verses.",
                remedy="Request fewer chapters at a time.",
            )
        total += len(verses)
        if total > MAX_PARALLEL_VERSES:
            raise PassageTooLong(
                f"{reference} in {len(translations)} translations has more than {MAX_PARALLEL_VERSES:,} verses.",
                remedy="Request fewer chapters at a time, or fewer translations.",
            )
        for verse in verses:
            by_verse_id.setdefault(verse.verse_id, {})[translation.id] = verse
    if not by_verse_id:
        raise PassageNotFound(
            f"There is no {reference} in {' or '.join(translation.id for translation in translations)}.",
            remedy="Another translation may have this passage.",
        )
    return [ParallelVerse(number, by_translation) for number, by_translation in sorted(by_verse_id.items())]


def _range_of(database: Database, translation: Translation, reference: Reference) -> list[Verse]:
    """Return the verses of a hub range that are in a translation. They keep their numbers in the hub versification."""
    numbers = numbering(translation.versification)
    if not numbers.differs:
        return store.select_range(database.reader, translation.id, reference, MAX_PASSAGE_VERSES + 1)
    own_start, own_end = numbers.from_hub(reference.start), numbers.from_hub(_last_existing(reference.end))
    if own_end == _last_existing(reference.end):
        own_end = reference.end
    own = VerseRange(own_start, own_end)
    rows = store.select_range(database.reader, translation.id, own, MAX_PASSAGE_VERSES + 1)
    renumbered = [
        msgspec.structs.replace(verse, verse_id=numbers.to_hub(verse.verse_id), through=numbers.to_hub(verse.through))
        for verse in rows
    ]
    return [
        verse
        for verse in renumbered
        if reference.start <= max(verse.verse_id, verse.through) and verse.verse_id <= reference.end
    ]


def _last_existing(end: int) -> int:
    """Return the last verse of a range that exists in the hub. A range may end with verse 999."""
    book, number, verse = split_verse_id(end)
    return verse_id(book, number, min(verse, chapters_of(book).get(number, verse)))


def books(database: Database, translation: Translation) -> list[Book]:
    """Return the books of a translation."""
    return [BOOKS[number - 1] for (number,) in database.reader.rows(store.SELECT_BOOKS, (translation.id,))]


def chapters(database: Database, translation: Translation, book: Book) -> list[int]:
    """Return the chapters of a book that a translation has."""
    verses = book_range(book)
    rows = database.reader.rows(store.SELECT_CHAPTERS, (translation.id, verses.start, verses.end))
    return [number % 1_000 for (number,) in rows]


def chapter(database: Database, translation: Translation, book: Book, number: int) -> Chapter:
    """Return a chapter of a translation. Raises PassageNotFound; the error says which chapters exist."""
    if not 0 < number < LAST_VERSE:
        raise PassageNotFound(f"{book.name} has no chapter {number}.", remedy="Chapters begin at 1.")
    first, last = verse_id(book, number, 0), verse_id(book, number, LAST_VERSE)
    verses = chapter_verses(database, translation, book, number)
    if not verses:
        numbers = chapters(database, translation, book)
        raise PassageNotFound(
            f"{translation.id} has no {book.name} {number}.",
            remedy=f"It has chapters {numbers[0]} to {numbers[-1]}."
            if numbers
            else "Another translation may have this book.",
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
    """Return the verses of a chapter in a translation. If the translation does not have the chapter, the list is empty."""
    whole = VerseRange(verse_id(book, number, 0), verse_id(book, number, LAST_VERSE))
    return store.select_range(database.reader, translation.id, whole, LAST_VERSE + 1)


def _chapter_of(verse_id: int | None) -> tuple[str, int] | None:
    if verse_id is None:
        return None
    book, number, _verse = split_verse_id(verse_id)
    return book.osis, number


def texts(database: Database, translation: Translation, verse_ids: Sequence[int]) -> dict[int, str]:
    """Return the plain texts of verses, by their numbers in the hub. Verses that are not in the translation are left out."""
    numbers = numbering(translation.versification)
    own_numbers = {verse: numbers.from_hub(verse) for verse in verse_ids}
    text_of = store.select_texts(database.reader, translation.id, list(own_numbers.values()))
    return {verse: text_of[number] for verse, number in own_numbers.items() if number in text_of}


class Translations:
    """The translations of one library. `default` is the id of the default translation."""

    def __init__(self, library: Database, default: str) -> None:
        self._library, self._default = library, default

    def all(self) -> list[Translation]:
        """Return all translations, in the order of import."""
        return translations(self._library)

    def choose(self, name: str = "") -> Translation:
        """Return the translation with this id, or the default translation for an empty name. Raises TranslationNotFound."""
        if name:
            return find_translation(self._library, name)
        return default_translation(self._library, self._default)

    def choose_several(self, names: str = "") -> list[Translation]:
        """Return the translations with these ids, separated by commas. Without ids, return the default translation.

        Raises TranslationNotFound.
        """
        return [self.choose(name.strip()) for name in names.split(",") if name.strip()] or [self.choose()]
