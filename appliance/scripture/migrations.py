"""The schema of library.db, as numbered migrations. `server.bootstrap` lists them in order. Never change an old migration.

Migration 8, which adds the digests of headings, is in `search.index`.
"""

from appliance.infrastructure.database import UnitOfWork
from appliance.scripture.translations.store import VERSE_VECTORS

LIBRARY_SCHEMA = """
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
LINKS_SCHEMA = """
CREATE TABLE datasets (
    id TEXT PRIMARY KEY, kind TEXT NOT NULL, name TEXT NOT NULL, licence TEXT NOT NULL, attribution TEXT NOT NULL,
    digest TEXT NOT NULL, entries INTEGER NOT NULL
);
CREATE TABLE cross_references (
    dataset TEXT NOT NULL REFERENCES datasets (id), verse_id INTEGER NOT NULL, start INTEGER NOT NULL, "end" INTEGER NOT NULL,
    votes INTEGER NOT NULL
);
CREATE INDEX cross_references_verse ON cross_references (verse_id);
CREATE INDEX cross_references_dataset ON cross_references (dataset);
CREATE TABLE topic_votes (
    dataset TEXT NOT NULL REFERENCES datasets (id), topic TEXT NOT NULL, start INTEGER NOT NULL, "end" INTEGER NOT NULL,
    votes INTEGER NOT NULL
);
CREATE INDEX topic_votes_topic ON topic_votes (topic)
"""
COMMENTS_SCHEMA = """
CREATE TABLE comments (
    id INTEGER PRIMARY KEY, dataset TEXT NOT NULL REFERENCES datasets (id), start INTEGER NOT NULL, "end" INTEGER NOT NULL,
    text TEXT NOT NULL
);
CREATE INDEX comments_place ON comments (start, "end");
CREATE INDEX comments_dataset ON comments (dataset);
CREATE VIRTUAL TABLE comments_fts USING fts5 (
    text, content = 'comments', content_rowid = 'id', tokenize = 'porter unicode61 remove_diacritics 2'
)
"""
INDEXED_HEADINGS_SCHEMA = """
CREATE VIRTUAL TABLE headings_fts USING fts5 (
    headword, heading, topic UNINDEXED, tokenize = 'porter unicode61 remove_diacritics 2'
)
"""
HEADING_VECTORS_SCHEMA = (
    "CREATE TABLE heading_vectors (heading INTEGER PRIMARY KEY, model TEXT NOT NULL, vector BLOB NOT NULL)"
)
INDEX_HEADINGS = (
    "INSERT INTO headings_fts (headword, heading, topic) SELECT DISTINCT t.headword, c.heading, t.id "
    "FROM topics AS t JOIN topic_citations AS c ON c.topic = t.id"
)
ENTITIES_SCHEMA = """
CREATE TABLE entities (
    id TEXT PRIMARY KEY, dataset TEXT NOT NULL REFERENCES datasets (id), kind TEXT NOT NULL, name TEXT NOT NULL, also TEXT NOT NULL,
    description TEXT NOT NULL, year INTEGER, latitude REAL, longitude REAL, takes_part TEXT NOT NULL, mentions INTEGER NOT NULL
);
CREATE INDEX entities_name ON entities (name COLLATE NOCASE);
CREATE TABLE entity_mentions (entity TEXT NOT NULL REFERENCES entities (id), verse_id INTEGER NOT NULL);
CREATE INDEX entity_mentions_entity ON entity_mentions (entity);
CREATE INDEX entity_mentions_verse ON entity_mentions (verse_id);
CREATE VIEW entity_heads AS
SELECT id, kind, name, also, description, year, latitude, longitude, takes_part, mentions FROM entities
"""
# Each heading of a topic is a separate document under the headword of the topic.
HEADINGS_SCHEMA = """
CREATE TABLE headings (
    id INTEGER PRIMARY KEY, topic INTEGER NOT NULL REFERENCES topics (id), headword TEXT NOT NULL, heading TEXT NOT NULL
);
CREATE INDEX headings_topic ON headings (topic);
INSERT INTO headings (id, topic, headword, heading) SELECT rowid, topic, headword, heading FROM headings_fts WHERE topic IN (SELECT id FROM topics);
DROP TABLE headings_fts
"""
# The key of a vector is the digest of the model and the text. When headings are deleted, their vectors stay for later use.
HEADING_DIGESTS_SCHEMA = """
CREATE TABLE heading_vectors (digest BLOB PRIMARY KEY, vector BLOB NOT NULL);
CREATE TABLE embedded_headings (heading INTEGER PRIMARY KEY, model TEXT NOT NULL, digest BLOB NOT NULL)
"""
MIGRATE_HEADING_VECTORS = """
INSERT OR IGNORE INTO heading_vectors (digest, vector)
SELECT e.digest, v.vector FROM heading_vectors_by_row AS v JOIN embedded_headings AS e ON e.heading = v.heading
"""
RENAME_ENTITY_COLUMNS = """
ALTER TABLE entities RENAME COLUMN also TO aliases;
ALTER TABLE entities RENAME COLUMN takes_part TO participants;
"""
LIBRARY_ITEMS_SCHEMA = """
CREATE TABLE library_items (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, name TEXT NOT NULL, language TEXT NOT NULL,
    versification TEXT NOT NULL, licence TEXT NOT NULL, attribution TEXT NOT NULL, source TEXT NOT NULL, digest TEXT NOT NULL,
    entries INTEGER NOT NULL
)
"""
# Ids were unique only within each old table. If items of two kinds have the same id, the name of the kind is added to one id.
SELECT_SHARED_DICTIONARY_IDS = "SELECT id, kind FROM dictionaries WHERE id IN (SELECT id FROM translations)"
RENAME_DICTIONARY = """
UPDATE dictionaries SET id = :new_id WHERE id = :id;
UPDATE lexicon SET dictionary = :new_id WHERE dictionary = :id;
UPDATE topics SET dictionary = :new_id WHERE dictionary = :id
"""
SELECT_SHARED_DATASET_IDS = """
SELECT id, kind FROM datasets WHERE id IN (SELECT id FROM translations UNION SELECT id FROM dictionaries)
"""
RENAME_DATASET = """
UPDATE datasets SET id = :new_id WHERE id = :id;
UPDATE cross_references SET dataset = :new_id WHERE dataset = :id;
UPDATE topic_votes SET dataset = :new_id WHERE dataset = :id;
UPDATE comments SET dataset = :new_id WHERE dataset = :id;
UPDATE entities SET dataset = :new_id WHERE dataset = :id
"""
# Foreign keys follow a renamed table, so the new table temporarily gets the name of each old table. SQLite counts the rows
# whose foreign keys lead nowhere. When the transaction is committed, there must be no such row.
GATHER_LIBRARY_ITEMS = """
CREATE TEMP TABLE gathered_items AS
SELECT rowid AS place, id, 'translation' AS kind, name, language, versification, licence, attribution, source, digest,
verses AS entries FROM translations
UNION ALL SELECT NULL, id, kind, name, '', '', licence, attribution, '', digest, entries FROM dictionaries
UNION ALL SELECT NULL, id, kind, name, '', '', licence, attribution, '', digest, entries FROM datasets;
DROP TABLE translations;
ALTER TABLE library_items RENAME TO translations;
DROP TABLE dictionaries;
ALTER TABLE translations RENAME TO dictionaries;
DROP TABLE datasets;
ALTER TABLE dictionaries RENAME TO datasets;
ALTER TABLE datasets RENAME TO library_items;
INSERT INTO library_items (id, kind, name, language, versification, licence, attribution, source, digest, entries)
SELECT id, kind, name, language, versification, licence, attribution, source, digest, entries FROM gathered_items
ORDER BY place IS NULL, place, id;
DROP TABLE temp.gathered_items;
DROP VIEW entity_heads;
ALTER TABLE cross_references RENAME COLUMN dataset TO item;
ALTER TABLE topic_votes RENAME COLUMN dataset TO item;
ALTER TABLE comments RENAME COLUMN dataset TO item;
ALTER TABLE entities RENAME COLUMN dataset TO item
"""


def m001_library(work: UnitOfWork) -> None:
    work.execute_script(LIBRARY_SCHEMA)
    VERSE_VECTORS.create(work)


def m002_links(work: UnitOfWork) -> None:
    work.execute_script(LINKS_SCHEMA)


def m003_comments(work: UnitOfWork) -> None:
    work.execute_script(COMMENTS_SCHEMA)


def m004_headings(work: UnitOfWork) -> None:
    work.execute(INDEXED_HEADINGS_SCHEMA)
    work.execute(HEADING_VECTORS_SCHEMA)
    work.execute(INDEX_HEADINGS)


def m005_entities(work: UnitOfWork) -> None:
    work.execute_script(ENTITIES_SCHEMA)


def m006_comments(work: UnitOfWork) -> None:
    """Drop the full-text index of comments. Ranking has its own index, in memory."""
    work.execute("DROP TABLE comments_fts")


def m007_headings(work: UnitOfWork) -> None:
    """Drop the full-text index of headings. Ranking has its own index, in memory.

    The rows of headings keep their numbers, so they keep their vectors.
    """
    work.execute_script(HEADINGS_SCHEMA)


def m009_library_items(work: UnitOfWork) -> None:
    """Move translations, dictionaries and data sets into one table. Translations keep their order."""
    work.execute("PRAGMA defer_foreign_keys = ON")
    for select_shared, rename in (
        (SELECT_SHARED_DICTIONARY_IDS, RENAME_DICTIONARY),
        (SELECT_SHARED_DATASET_IDS, RENAME_DATASET),
    ):
        for item_id, kind in work.execute(select_shared):
            work.execute(rename, {"id": item_id, "new_id": f"{item_id} ({kind})"})
    work.execute(LIBRARY_ITEMS_SCHEMA)
    work.execute_script(GATHER_LIBRARY_ITEMS)


def m010_entity_columns(work: UnitOfWork) -> None:
    """Rename two columns of entities."""
    work.execute_script(RENAME_ENTITY_COLUMNS)
