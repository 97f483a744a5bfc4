"""Reads of dictionaries: lexicon entries, topics, and the topics that cite a passage."""

from collections.abc import Iterable

from appliance.errors import NotFound
from appliance.infrastructure.database import Database, beginning_with
from appliance.scripture.canon import VerseRange
from appliance.scripture.dictionaries import store
from appliance.scripture.dictionaries.lexicon import LexiconEntry
from appliance.scripture.dictionaries.topics import Citation, TopicCitation, TopicEntry, TopicHead
from appliance.scripture.paging import Page, page_of

# Citations of topical dictionaries stay within a chapter.
LONGEST_CITATION = 1_000


class LexiconEntryNotFound(NotFound):
    """No dictionary explains this Strong's number."""


class TopicNotFound(NotFound):
    """No topical dictionary has this topic."""


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


def lemmas(database: Database, strongs: Iterable[str]) -> dict[str, str]:
    """The lemma behind each Strong's number that a dictionary explains."""
    rows = ((number, database.reader.row(store.SELECT_LEXICON, (number,))) for number in strongs)
    return {number: str(row[2]) for number, row in rows if row and row[2]}


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


def citing_topics(database: Database, verses: VerseRange, *, after: int = 0, limit: int = 1_000) -> Page[TopicCitation]:
    """The headings of topics that cite any verse of a range, those of small topics first."""
    parameters = {
        "first": verses.start,
        "last": verses.end,
        "low": verses.start - LONGEST_CITATION,
        "after": after,
        "limit": limit + 1,
    }
    rows = database.reader.rows(store.SELECT_CITING, parameters)
    return page_of((TopicCitation(*row) for row in rows), after, limit)
