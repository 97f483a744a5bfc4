"""Queries for lexicon entries, topics, and the topics that cite a passage."""

from collections.abc import Iterable

from appliance.errors import NotFound
from appliance.infrastructure.database import Database, beginning_with
from appliance.scripture.canon import VerseRange
from appliance.scripture.dictionaries import store
from appliance.scripture.dictionaries.lexicon import LexiconEntry
from appliance.scripture.dictionaries.topics import Citation, TopicCitation, TopicEntry, TopicHead
from appliance.scripture.paging import Page, page_of

# In topical dictionaries, no citation crosses a chapter border.
MAX_CITATION_LENGTH = 1_000


class LexiconEntryNotFound(NotFound):
    """No dictionary has this Strong's number."""


class TopicNotFound(NotFound):
    """No topical dictionary has this topic."""


def lexicon_entry(database: Database, strongs: str) -> LexiconEntry:
    """Return the entry of a Strong's number, with or without leading zeros. Raises LexiconEntryNotFound."""
    letter, digits = strongs[:1].upper(), strongs[1:]
    key = f"{letter}{int(digits)}" if digits.isascii() and digits.isdigit() and len(digits) <= 6 else strongs
    row = database.reader.row(store.SELECT_LEXICON, (key,))
    if row is None:
        raise LexiconEntryNotFound(
            f"No dictionary has the Strong's number {strongs[:20]!r}.",
            remedy="Use a number such as G3439 (Greek) or H430 (Hebrew).",
        )
    return LexiconEntry(**dict(zip(LexiconEntry.__struct_fields__, row, strict=True)))


def lemmas(database: Database, strongs: Iterable[str]) -> dict[str, str]:
    """Return the lemma of each Strong's number. Numbers that are in no dictionary are left out."""
    rows = ((number, database.reader.row(store.SELECT_LEXICON, (number,))) for number in strongs)
    return {number: str(row[2]) for number, row in rows if row and row[2]}


def browse_topics(database: Database, beginning: str, *, after: int = 0, limit: int) -> list[TopicHead]:
    """Return the topics whose headword has this beginning, in alphabetical order. The case does not matter.

    The page begins after the topic with the id `after`.
    """
    parameters = {"beginning": beginning_with(beginning), "after": after, "limit": limit}
    return [TopicHead(*row) for row in database.reader.rows(store.BROWSE_TOPICS, parameters)]


def topic_named(database: Database, headword: str) -> TopicHead:
    """Return the first topic with this headword. The case does not matter. Raises TopicNotFound."""
    row = database.reader.row(store.SELECT_TOPIC_NAMED, (headword,))
    if row is None:
        raise TopicNotFound(f"There is no topic {headword[:60]!r}.", remedy="Find topics at /api/v1/topics.")
    return TopicHead(*row)


def topic(database: Database, identifier: int, *, after: int = 0, limit: int = 500) -> TopicEntry:
    """Return a topic with a page of its citations. Raises TopicNotFound."""
    row = database.reader.row(store.SELECT_TOPIC, (identifier,))
    if row is None:
        raise TopicNotFound(f"There is no topic {identifier}.", remedy="Find topics at /api/v1/topics.")
    citations = database.reader.rows(
        store.SELECT_TOPIC_CITATIONS, {"topic": identifier, "after": after, "limit": limit + 1}
    )
    return TopicEntry(
        head=TopicHead(*row),
        citations=page_of((Citation(*row) for row in citations), after, limit),
        see_also=tuple(
            (str(headword), topic_id)
            for headword, topic_id in database.reader.rows(store.SELECT_TOPIC_SEE, (identifier,))
        ),
    )


def citing_topics(database: Database, verses: VerseRange, *, after: int = 0, limit: int = 1_000) -> Page[TopicCitation]:
    """Return a page of the topic headings that cite a verse of this range. Topics with few citations come first."""
    parameters = {
        "first": verses.start,
        "last": verses.end,
        "low": verses.start - MAX_CITATION_LENGTH,
        "after": after,
        "limit": limit + 1,
    }
    rows = database.reader.rows(store.SELECT_CITING, parameters)
    return page_of((TopicCitation(*row) for row in rows), after, limit)
