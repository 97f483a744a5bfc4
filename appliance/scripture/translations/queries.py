"""Reads of the library: translations, passages, chapters, the lexicon, topics of verses."""

from collections.abc import Iterable, Sequence

import msgspec
from rapidfuzz import process

from appliance.errors import NotFound, Refused
from appliance.infrastructure.database import Database, beginning_with
from appliance.scripture.canon import BOOKS, Book, book_range, split_verse_id, verse_id
from appliance.scripture.dictionaries.lexicon import LexiconEntry
from appliance.scripture.dictionaries.topics import Citation
from appliance.scripture.links import store as companion_store
from appliance.scripture.links.link import Dataset
from appliance.scripture.numbering import numbering
from appliance.scripture.paging import Page, page_of
from appliance.scripture.references import LAST_VERSE, PassageNotFound, Reference, chapters_of
from appliance.scripture.translations import store
from appliance.scripture.translations.verse import Chapter, Translation, Verse

MAX_PASSAGE_VERSES, MAX_PASSAGE_TEXTS = 1_000, 2_000
MAX_TRANSLATIONS = 8
# Citations of topical dictionaries stay within a chapter.
LONGEST_CITATION = 1_000


class TranslationNotFound(NotFound):
    """The library has no text of this id."""


class LexiconEntryNotFound(NotFound):
    """No dictionary explains this Strong's number."""


class TopicNotFound(NotFound):
    """No topical dictionary has this topic."""


class PassageTooLong(Refused):
    """More verses are asked for than one answer holds."""


class ParallelVerse(msgspec.Struct, frozen=True):
    """One place in several texts: each that has the verse, by translation id."""

    verse_id: int
    verses: dict[str, Verse]


class CommentOf(msgspec.Struct, frozen=True):
    """What a commentary says about the verses from `start` to `end`."""

    id: str
    commentary: str
    attribution: str
    start: int
    end: int
    paragraphs: tuple[str, ...]


class TopicHead(msgspec.Struct, frozen=True):
    """A topic of a topical dictionary; `citations` counts what it cites."""

    id: int
    headword: str
    dictionary: str
    citations: int


class TopicEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A topic with a page of what it cites. `see_also` pairs a headword with its topic's id, None where the dictionary has none."""

    head: TopicHead
    citations: Page[Citation]
    see_also: tuple[tuple[str, int | None], ...]


class TopicCitation(msgspec.Struct, frozen=True):
    """A topic's heading that cites a range; `size` counts all citations of the topic."""

    topic: str
    heading: str
    start: int
    end: int
    size: int


def translations(database: Database) -> list[Translation]:
    """Every text, in the order of import."""
    return store.select_translations(database.reader)


def dictionaries(database: Database) -> list[store.Dictionary]:
    return store.select_dictionaries(database.reader)


def comments(database: Database, reference: Reference, *, after: int = 0, limit: int = 100) -> Page[CommentOf]:
    """The comments on a passage, by commentary, those on more verses first."""
    found = companion_store.each_comment(database.reader, reference.start, reference.end, after=after, limit=limit + 1)
    entries = (
        CommentOf(name, title, source, each.start, each.end, each.paragraphs) for name, title, source, each in found
    )
    return page_of(entries, after, limit, characters=lambda each: sum(map(len, each.paragraphs)))


def datasets(database: Database) -> list[Dataset]:
    """Cross references, topic votes and commentaries."""
    return companion_store.select_datasets(database.reader)


def find_translation(database: Database, identifier: str) -> Translation:
    """A text by its id, whatever its case. Raises TranslationNotFound with the nearest id."""
    known = store.select_translations(database.reader)
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
    known = {each.id: each for each in store.select_translations(database.reader)}
    return known.get(preferred) or next(iter(known.values()), None) or find_translation(database, preferred)


def passage(database: Database, reference: Reference, translation_ids: Sequence[str]) -> list[ParallelVerse]:
    """The verses of a range in up to eight texts, side by side.

    Raises TranslationNotFound, PassageNotFound where none of them has it, PassageTooLong over 1,000 verses or over 2,000
    in all the texts together.
    """
    if len(translation_ids) > MAX_TRANSLATIONS:
        raise PassageTooLong(f"At most {MAX_TRANSLATIONS} translations stand side by side.", remedy="Name fewer.")
    by_place: dict[int, dict[str, Verse]] = {}
    total = 0
    for identifier in translation_ids:
        translation = find_translation(database, identifier)
        found = _range_of(database, translation, reference)
        if len(found) > MAX_PASSAGE_VERSES:
            raise PassageTooLong(
                f"{reference} is more than {MAX_PASSAGE_VERSES:,} verses.",
                remedy="Ask for some chapters at a time.",
            )
        total += len(found)
        if total > MAX_PASSAGE_TEXTS:
            raise PassageTooLong(
                f"{reference} in {len(translation_ids)} translations is more than {MAX_PASSAGE_TEXTS:,} verses.",
                remedy="Ask for some chapters at a time, or name fewer translations.",
            )
        for verse in found:
            by_place.setdefault(verse.verse_id, {})[translation.id] = verse
    if not by_place:
        raise PassageNotFound(
            f"There is no {reference} in {' or '.join(translation_ids)}.", remedy="Another translation may have it."
        )
    return [ParallelVerse(place, verses) for place, verses in sorted(by_place.items())]


def _range_of(database: Database, translation: Translation, reference: Reference) -> list[Verse]:
    """The verses of a range of the hub in a text, under the hub's numbers."""
    start, end, numbers = reference.start, reference.end, numbering(translation.versification)
    if not numbers.differs:
        return store.select_range(database.reader, translation.id, start, end, MAX_PASSAGE_VERSES + 1)
    own_start, own_end = numbers.from_hub(start), numbers.from_hub(_last_real(end))
    if own_end == _last_real(end):
        own_end = end
    rows = store.select_range(database.reader, translation.id, own_start, own_end, MAX_PASSAGE_VERSES + 1)
    moved = [
        msgspec.structs.replace(verse, verse_id=numbers.to_hub(verse.verse_id), through=numbers.to_hub(verse.through))
        for verse in rows
    ]
    return [verse for verse in moved if start <= max(verse.verse_id, verse.through) and verse.verse_id <= end]


def _last_real(end: int) -> int:
    """The last verse that the hub has of a range that may end with verse 999."""
    book, number, verse = split_verse_id(end)
    return verse_id(book, number, min(verse, chapters_of(book).get(number, verse)))


def books(database: Database, translation: Translation) -> list[Book]:
    """The books that a text has."""
    return [BOOKS[number - 1] for (number,) in database.reader.rows(store.SELECT_BOOKS, (translation.id,))]


def chapters(database: Database, translation: Translation, book: Book) -> list[int]:
    """The chapters of a book that a text has."""
    rows = database.reader.rows(store.SELECT_CHAPTERS, (translation.id, *book_range(book)))
    return [number % 1_000 for (number,) in rows]


def chapter(database: Database, translation_id: str, book: Book, number: int) -> Chapter:
    """A chapter of a text. Raises TranslationNotFound or PassageNotFound, saying which chapters there are."""
    translation = find_translation(database, translation_id)
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
    first, last = verse_id(book, number, 0), verse_id(book, number, LAST_VERSE)
    return store.select_range(database.reader, translation.id, first, last, LAST_VERSE + 1)


def _chapter_of(place: int | None) -> tuple[str, int] | None:
    if place is None:
        return None
    book, number, _verse = split_verse_id(place)
    return book.osis, number


def texts(database: Database, translation_id: str, verse_ids: Sequence[int]) -> dict[int, str]:
    """The plain text of each verse of the hub that a translation has."""
    numbers = numbering(find_translation(database, translation_id).versification)
    own = {verse: numbers.from_hub(verse) for verse in verse_ids}
    found = store.select_texts(database.reader, translation_id, list(own.values()))
    return {verse: found[number] for verse, number in own.items() if number in found}


def lexicon_entry(database: Database, strongs: str) -> LexiconEntry:
    """The entry of a Strong's number, with or without leading zeros. Raises LexiconEntryNotFound."""
    letter, digits = strongs[:1].upper(), strongs[1:]
    key = f"{letter}{int(digits)}" if digits.isascii() and digits.isdigit() and len(digits) <= 6 else strongs
    row = database.reader.row(store.SELECT_LEXICON, (key,))
    if row is None:
        raise LexiconEntryNotFound(
            f"No dictionary here explains {strongs[:20]!r}.",
            remedy="Numbers look like G3439 (Greek) or H430 (Hebrew).",
        )
    return LexiconEntry(**dict(zip(LexiconEntry.__struct_fields__, row, strict=True)))


def browse_topics(database: Database, beginning: str, *, after: int = 0, limit: int) -> list[TopicHead]:
    """Topics whose headword begins so, whatever its case, in alphabetical order from the one after `after`, an id, on."""
    parameters = {"beginning": beginning_with(beginning), "after": after, "limit": limit}
    return [TopicHead(*row) for row in database.reader.rows(store.BROWSE_TOPICS, parameters)]


def topic_named(database: Database, headword: str) -> TopicHead:
    """The first topic of a headword, whatever its case. Raises TopicNotFound."""
    row = database.reader.row(store.SELECT_TOPIC_NAMED, (headword,))
    if row is None:
        raise TopicNotFound(f"There is no topic {headword[:60]!r}.", remedy="Browse them at /api/v1/topics.")
    return TopicHead(*row)


def topic(database: Database, identifier: int, *, after: int = 0, limit: int = 500) -> TopicEntry:
    """A topic with a page of what it cites under each heading. Raises TopicNotFound."""
    row = database.reader.row(store.SELECT_TOPIC, (identifier,))
    if row is None:
        raise TopicNotFound(f"There is no topic {identifier}.", remedy="Browse them at /api/v1/topics.")
    cited = database.reader.rows(
        store.SELECT_TOPIC_CITATIONS, {"topic": identifier, "after": after, "limit": limit + 1}
    )
    return TopicEntry(
        head=TopicHead(*row),
        citations=page_of((Citation(*each) for each in cited), after, limit),
        see_also=tuple(
            (str(word), found) for word, found in database.reader.rows(store.SELECT_TOPIC_SEE, (identifier,))
        ),
    )


def lemmas(database: Database, strongs: Iterable[str]) -> dict[str, str]:
    """The lemma behind each Strong's number that a dictionary explains."""
    rows = ((number, database.reader.row(store.SELECT_LEXICON, (number,))) for number in strongs)
    return {number: str(row[2]) for number, row in rows if row and row[2]}


def citing_topics(
    database: Database, start: int, end: int, *, after: int = 0, limit: int = 1_000
) -> Page[TopicCitation]:
    """The headings of topics that cite any verse of a range, those of small topics first."""
    parameters = {"first": start, "last": end, "low": start - LONGEST_CITATION, "after": after, "limit": limit + 1}
    rows = database.reader.rows(store.SELECT_CITING, parameters)
    return page_of((TopicCitation(*row) for row in rows), after, limit)
