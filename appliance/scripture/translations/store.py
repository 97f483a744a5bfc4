"""The SQL of scripture: the schema of library.db and every statement on it. Private to `scripture`."""

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from appliance.infrastructure.database import Reader, UnitOfWork
from appliance.infrastructure.vectors import VectorTable
from appliance.scripture.dictionaries.lexicon import LexiconEntry
from appliance.scripture.dictionaries.topics import Topic
from appliance.scripture.translations.verse import (
    Break,
    BreakKind,
    Heading,
    HeadingKind,
    Markup,
    Note,
    Span,
    SpanKind,
    Translation,
    Verse,
    Word,
)

EMBEDDING_DIMENSIONS = 384
VERSE_VECTORS = VectorTable("verse_vectors", EMBEDDING_DIMENSIONS)

SCHEMA = """
CREATE TABLE translations (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, language TEXT NOT NULL, versification TEXT NOT NULL,
    licence TEXT NOT NULL, attribution TEXT NOT NULL, source TEXT NOT NULL, digest TEXT NOT NULL,
    verses INTEGER NOT NULL
);
CREATE TABLE verses (
    id INTEGER PRIMARY KEY, translation TEXT NOT NULL REFERENCES translations (id), verse_id INTEGER NOT NULL,
    text TEXT NOT NULL, markup BLOB NOT NULL, through INTEGER NOT NULL DEFAULT 0, UNIQUE (translation, verse_id)
);
CREATE VIRTUAL TABLE verses_fts USING fts5 (
    text, translation, content = 'verses', content_rowid = 'id', tokenize = 'porter unicode61 remove_diacritics 2',
    prefix = '2 3'
);
CREATE TABLE dictionaries (
    id TEXT PRIMARY KEY, kind TEXT NOT NULL CHECK (kind IN ('lexicon', 'topics')), name TEXT NOT NULL,
    licence TEXT NOT NULL, attribution TEXT NOT NULL, digest TEXT NOT NULL, entries INTEGER NOT NULL
);
CREATE TABLE lexicon (
    strongs TEXT PRIMARY KEY, dictionary TEXT NOT NULL REFERENCES dictionaries (id), language TEXT NOT NULL,
    lemma TEXT NOT NULL, transliteration TEXT NOT NULL, pronunciation TEXT NOT NULL, definition TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE topics (
    id INTEGER PRIMARY KEY, dictionary TEXT NOT NULL REFERENCES dictionaries (id), position INTEGER NOT NULL,
    headword TEXT NOT NULL, citations INTEGER NOT NULL
);
CREATE INDEX topics_headword ON topics (headword COLLATE NOCASE);
CREATE TABLE topic_citations (
    topic INTEGER NOT NULL REFERENCES topics (id), heading TEXT NOT NULL, start INTEGER NOT NULL, "end" INTEGER NOT NULL
);
CREATE INDEX topic_citations_topic ON topic_citations (topic);
CREATE INDEX topic_citations_place ON topic_citations (start, "end");
CREATE TABLE topic_see_also (topic INTEGER NOT NULL REFERENCES topics (id), headword TEXT NOT NULL);
CREATE INDEX topic_see_also_topic ON topic_see_also (topic);
CREATE TABLE embedded_verses (verse_id INTEGER PRIMARY KEY, translation TEXT NOT NULL, digest BLOB NOT NULL);
CREATE TABLE embedding_state (id INTEGER PRIMARY KEY CHECK (id = 1), model TEXT NOT NULL, dead INTEGER NOT NULL)
"""

INSERT_TRANSLATION = "INSERT INTO translations VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
SELECT_TRANSLATIONS = "SELECT id, name, language, versification, licence, attribution, source, digest, verses FROM translations ORDER BY rowid"
DELETE_FTS = (
    "INSERT INTO verses_fts (verses_fts, rowid, text, translation) "
    "SELECT 'delete', id, text, translation FROM verses WHERE translation = ?"
)
DELETE_VERSES = "DELETE FROM verses WHERE translation = ?"
# The vectors stay for the index to look at again: what did not change need not be embedded again.
DISOWN_VECTORS = "UPDATE embedded_verses SET translation = '' WHERE translation = ?"
DELETE_TRANSLATION = "DELETE FROM translations WHERE id = ?"
INSERT_VERSE = "INSERT INTO verses (translation, verse_id, text, markup, through) VALUES (?, ?, ?, ?, ?)"
INSERT_FTS = (
    "INSERT INTO verses_fts (rowid, text, translation) SELECT id, text, translation FROM verses WHERE translation = ?"
)
SELECT_RANGE = """
SELECT verse_id, text, markup, through FROM verses WHERE translation = :translation
AND verse_id BETWEEN :start - 50 AND :end AND max(verse_id, through) >= :start ORDER BY verse_id LIMIT :limit
"""
SELECT_TEXTS = """
SELECT v.verse_id, v.text FROM json_each(:ids) AS wanted CROSS JOIN verses AS v
ON v.translation = :translation AND v.verse_id = wanted.value
"""
SELECT_CHAPTERS = (
    "SELECT DISTINCT verse_id / 1000 FROM verses WHERE translation = ? AND verse_id BETWEEN ? AND ? ORDER BY 1"
)
SELECT_BOOKS = "SELECT DISTINCT verse_id / 1000000 FROM verses WHERE translation = ? ORDER BY 1"
PREVIOUS_CHAPTER = "SELECT max(verse_id) FROM verses WHERE translation = ? AND verse_id < ?"
NEXT_CHAPTER = "SELECT min(verse_id) FROM verses WHERE translation = ? AND verse_id > ?"

INSERT_DICTIONARY = "INSERT INTO dictionaries VALUES (?, ?, ?, ?, ?, ?, ?)"
SELECT_DICTIONARIES = "SELECT id, kind, name, licence, attribution, digest, entries FROM dictionaries ORDER BY id"
DELETE_LEXICON = "DELETE FROM lexicon WHERE dictionary = ?"
DELETE_CITATIONS = "DELETE FROM topic_citations WHERE topic IN (SELECT id FROM topics WHERE dictionary = ?)"
DELETE_SEE_ALSO = "DELETE FROM topic_see_also WHERE topic IN (SELECT id FROM topics WHERE dictionary = ?)"
DELETE_TOPICS = "DELETE FROM topics WHERE dictionary = ?"
DELETE_DICTIONARY = "DELETE FROM dictionaries WHERE id = ?"
INSERT_LEXICON = "INSERT OR REPLACE INTO lexicon VALUES (?, ?, ?, ?, ?, ?, ?)"
SELECT_LEXICON = (
    "SELECT strongs, language, lemma, transliteration, pronunciation, definition FROM lexicon WHERE strongs = ?"
)
INSERT_TOPIC = "INSERT INTO topics (dictionary, position, headword, citations) VALUES (?, ?, ?, ?)"
INSERT_CITATION = 'INSERT INTO topic_citations (topic, heading, start, "end") VALUES (?, ?, ?, ?)'
INSERT_SEE_ALSO = "INSERT INTO topic_see_also VALUES (?, ?)"
SELECT_TOPICS = "SELECT id, headword, dictionary, citations FROM topics ORDER BY id"
BROWSE_TOPICS = """
SELECT id, headword, dictionary, citations FROM topics WHERE headword LIKE :beginning ESCAPE '\\'
AND (:after = 0 OR (headword, id) > (SELECT headword, id FROM topics WHERE id = :after))
ORDER BY headword, id LIMIT :limit
"""
SELECT_TOPIC = "SELECT id, headword, dictionary, citations FROM topics WHERE id = ?"
SELECT_TOPIC_NAMED = "SELECT id, headword, dictionary, citations FROM topics WHERE headword = ? COLLATE NOCASE ORDER BY citations DESC, id LIMIT 1"
SELECT_TOPIC_CITATIONS = """
SELECT heading, start, "end" FROM topic_citations WHERE topic = :topic ORDER BY rowid LIMIT :limit OFFSET :after
"""
SELECT_TOPIC_SEE = (
    "SELECT s.headword, min(t.id) FROM topic_see_also AS s LEFT JOIN topics AS t ON t.headword = s.headword COLLATE NOCASE "
    "WHERE s.topic = ? GROUP BY s.headword ORDER BY s.rowid"
)
SELECT_CITATIONS = 'SELECT topic, heading, start, "end" FROM topic_citations'
# See-also names a headword; where two entries share one, both are meant.
SELECT_SEE = (
    "SELECT DISTINCT s.topic, t.id FROM topic_see_also AS s JOIN topics AS t ON t.headword = s.headword COLLATE NOCASE "
    "WHERE t.id <> s.topic"
)
SELECT_LEMMAS = "SELECT strongs, lemma, transliteration, language FROM lexicon ORDER BY strongs"
SELECT_GLOSSED = "SELECT strongs, definition FROM lexicon WHERE definition LIKE ?"
SELECT_MARKUP = "SELECT verse_id, markup FROM verses WHERE translation = ? ORDER BY verse_id"
SELECT_CITING = """
SELECT t.headword, c.heading, c.start, c."end", t.citations FROM topic_citations AS c CROSS JOIN topics AS t ON t.id = c.topic
WHERE c.start BETWEEN :low AND :last AND c."end" >= :first
ORDER BY t.citations, t.headword, t.id, c.start, c.rowid LIMIT :limit OFFSET :after
"""
INDEXED_HEADINGS_SCHEMA = """
CREATE VIRTUAL TABLE headings_fts USING fts5 (
    headword, heading, topic UNINDEXED, tokenize = 'porter unicode61 remove_diacritics 2'
)
"""
INDEX_HEADINGS = (
    "INSERT INTO headings_fts (headword, heading, topic) SELECT DISTINCT t.headword, c.heading, t.id "
    "FROM topics AS t JOIN topic_citations AS c ON c.topic = t.id"
)
# Each heading of a topic is a document of its own, under the topic's headword.
HEADINGS_SCHEMA = """
CREATE TABLE headings (
    id INTEGER PRIMARY KEY, topic INTEGER NOT NULL REFERENCES topics (id), headword TEXT NOT NULL, heading TEXT NOT NULL
);
CREATE INDEX headings_topic ON headings (topic);
INSERT INTO headings (id, topic, headword, heading) SELECT rowid, topic, headword, heading FROM headings_fts WHERE topic IN (SELECT id FROM topics);
DROP TABLE headings_fts
"""
HEADING_VECTORS_SCHEMA = (
    "CREATE TABLE heading_vectors (heading INTEGER PRIMARY KEY, model TEXT NOT NULL, vector BLOB NOT NULL)"
)
# A vector belongs to the digest of a model and a text. It stays when its headings are deleted, for the index to look at again.
HEADING_DIGESTS_SCHEMA = """
CREATE TABLE heading_vectors (digest BLOB PRIMARY KEY, vector BLOB NOT NULL);
CREATE TABLE embedded_headings (heading INTEGER PRIMARY KEY, model TEXT NOT NULL, digest BLOB NOT NULL)
"""
MIGRATE_HEADING_VECTORS = """
INSERT OR IGNORE INTO heading_vectors (digest, vector)
SELECT e.digest, v.vector FROM heading_vectors_by_row AS v JOIN embedded_headings AS e ON e.heading = v.heading
"""
SELECT_HEADING_VECTORS = """
SELECT e.heading, v.vector FROM embedded_headings AS e JOIN heading_vectors AS v ON v.digest = e.digest WHERE e.model = ?
"""
SELECT_BARE_HEADINGS = """
SELECT h.id, h.headword, h.heading FROM headings AS h LEFT JOIN embedded_headings AS e ON e.heading = h.id AND e.model = ?
WHERE e.heading IS NULL
"""
SELECT_HEADING_DIGESTS = "SELECT digest FROM heading_vectors"
UPSERT_HEADING_VECTOR = "INSERT OR REPLACE INTO heading_vectors (digest, vector) VALUES (?, ?)"
UPSERT_EMBEDDED_HEADING = "INSERT OR REPLACE INTO embedded_headings (heading, model, digest) VALUES (?, ?, ?)"
DELETE_EMBEDDED_HEADINGS = """
DELETE FROM embedded_headings WHERE heading IN (
    SELECT h.id FROM headings AS h JOIN topics AS t ON t.id = h.topic WHERE t.dictionary = ?
)
"""
DELETE_UNNEEDED_HEADING_VECTORS = (
    "DELETE FROM heading_vectors WHERE digest NOT IN (SELECT digest FROM embedded_headings)"
)
INSERT_HEADINGS = (
    "INSERT INTO headings (headword, heading, topic) SELECT DISTINCT t.headword, c.heading, t.id "
    "FROM topics AS t JOIN topic_citations AS c ON c.topic = t.id WHERE t.dictionary = ?"
)
DELETE_HEADINGS = "DELETE FROM headings WHERE topic IN (SELECT id FROM topics WHERE dictionary = ?)"


def m001_library(work: UnitOfWork) -> None:
    work.execute_script(SCHEMA)
    VERSE_VECTORS.create(work)


def m004_headings(work: UnitOfWork) -> None:
    work.execute(INDEXED_HEADINGS_SCHEMA)
    work.execute(HEADING_VECTORS_SCHEMA)
    work.execute(INDEX_HEADINGS)


def m007_headings(work: UnitOfWork) -> None:
    """The ranking has an index of headings' words of its own, in memory: rows keep their numbers, and so their vectors."""
    work.execute_script(HEADINGS_SCHEMA)


class Dictionary(msgspec.Struct, frozen=True, kw_only=True):
    """A dictionary in the library; `kind` is `lexicon` or `topics`."""

    id: str
    kind: str
    name: str
    licence: str
    attribution: str
    digest: str
    entries: int


class _StoredMarkup(msgspec.Struct, frozen=True, array_like=True):
    """Markup as nested arrays: a tenth of the named form, for 37,457 verses of twenty words."""

    words: tuple[Word, ...]
    notes: list[tuple[int, str, str]]
    spans: list[tuple[int, int, SpanKind]]
    breaks: list[tuple[int, BreakKind, int]]
    headings: list[tuple[HeadingKind, str, int]]


_stored_markup = msgspec.msgpack.Decoder(_StoredMarkup)


def encode_markup(markup: Markup) -> bytes:
    stored = _StoredMarkup(
        words=markup.words,
        notes=[(note.at, note.kind, note.text) for note in markup.notes],
        spans=[(span.start, span.end, span.kind) for span in markup.spans],
        breaks=[(each.at, each.kind, each.level) for each in markup.breaks],
        headings=[(heading.kind, heading.text, heading.at) for heading in markup.headings],
    )
    return msgspec.msgpack.encode(stored)


def decode_markup(encoded: bytes) -> Markup:
    stored = _stored_markup.decode(encoded)
    return Markup(
        words=stored.words,
        notes=tuple(Note(*note) for note in stored.notes),
        spans=tuple(Span(*span) for span in stored.spans),
        breaks=tuple(Break(*each) for each in stored.breaks),
        headings=tuple(Heading(*heading) for heading in stored.headings),
    )


def select_strongs(reader: Reader, translation: str) -> Iterator[tuple[int, list[str]]]:
    """The Strong's numbers behind each verse of a text, as often as they stand there."""
    for verse_id, markup in reader.rows(SELECT_MARKUP, (translation,)):
        words = msgspec.msgpack.decode(markup)[0]
        yield int(verse_id), [strongs for _, _, numbers in words for strongs in numbers]


def select_translations(reader: Reader) -> list[Translation]:
    return [
        Translation(**dict(zip(Translation.__struct_fields__, row, strict=True)))
        for row in reader.rows(SELECT_TRANSLATIONS)
    ]


def delete_translation(work: UnitOfWork, translation: str) -> None:
    work.execute(DISOWN_VECTORS, (translation,))
    work.execute(DELETE_FTS, (translation,))
    work.execute(DELETE_VERSES, (translation,))
    work.execute(DELETE_TRANSLATION, (translation,))


def insert_translation(work: UnitOfWork, translation: Translation, verses: Iterable[Verse]) -> None:
    work.execute(INSERT_TRANSLATION, msgspec.structs.astuple(translation))
    rows = (
        (translation.id, verse.verse_id, verse.text, encode_markup(verse.markup), verse.through) for verse in verses
    )
    work.execute_many(INSERT_VERSE, rows)
    work.execute(INSERT_FTS, (translation.id,))


def select_range(reader: Reader, translation: str, start: int, end: int, limit: int) -> list[Verse]:
    """Verses from `start` to `end`, and one before that goes on into them."""
    parameters = {"translation": translation, "start": start, "end": end, "limit": limit}
    return [
        Verse(verse_id, text, decode_markup(markup), through)
        for verse_id, text, markup, through in reader.rows(SELECT_RANGE, parameters)
    ]


def select_texts(reader: Reader, translation: str, verse_ids: Sequence[int]) -> dict[int, str]:
    """The text of each verse that the translation has."""
    parameters = {"ids": msgspec.json.encode(list(verse_ids)).decode(), "translation": translation}
    return {int(verse_id): str(text) for verse_id, text in reader.rows(SELECT_TEXTS, parameters)}


def select_dictionaries(reader: Reader) -> list[Dictionary]:
    return [
        Dictionary(**dict(zip(Dictionary.__struct_fields__, row, strict=True)))
        for row in reader.rows(SELECT_DICTIONARIES)
    ]


def delete_dictionary(work: UnitOfWork, dictionary: str) -> None:
    for statement in (
        DELETE_LEXICON,
        DELETE_EMBEDDED_HEADINGS,
        DELETE_HEADINGS,
        DELETE_CITATIONS,
        DELETE_SEE_ALSO,
        DELETE_TOPICS,
        DELETE_DICTIONARY,
    ):
        work.execute(statement, (dictionary,))


def insert_dictionary(work: UnitOfWork, dictionary: Dictionary) -> None:
    work.execute(INSERT_DICTIONARY, msgspec.structs.astuple(dictionary))


def insert_lexicon(work: UnitOfWork, dictionary: str, entries: Iterable[LexiconEntry]) -> None:
    rows: Iterator[Sequence[str]] = (
        (e.strongs, dictionary, e.language, e.lemma, e.transliteration, e.pronunciation, e.definition) for e in entries
    )
    work.execute_many(INSERT_LEXICON, rows)


def insert_topics(work: UnitOfWork, dictionary: str, topics: Iterable[Topic]) -> None:
    for topic in topics:
        work.execute(INSERT_TOPIC, (dictionary, topic.position, topic.headword, len(topic.citations)))
        topic_id = work.last_insert_id
        work.execute_many(INSERT_CITATION, [(topic_id, c.heading, c.start, c.end) for c in topic.citations])
        work.execute_many(INSERT_SEE_ALSO, [(topic_id, headword) for headword in topic.see_also])
    work.execute(INSERT_HEADINGS, (dictionary,))
