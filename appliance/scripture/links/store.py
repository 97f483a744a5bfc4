"""The SQL of what stands beside the texts, in library.db. Private to `scripture`."""

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from appliance.infrastructure.database import Reader, Row, UnitOfWork
from appliance.scripture.links.link import (
    Comment,
    CrossReference,
    Dataset,
    DatasetKind,
    Entity,
    TopicVote,
)

SCHEMA = """
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
INSERT_ENTITY = "INSERT INTO entities VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
INSERT_MENTION = "INSERT INTO entity_mentions VALUES (?, ?)"
DELETE_MENTIONS = "DELETE FROM entity_mentions WHERE entity IN (SELECT id FROM entities WHERE dataset = ?)"
DELETE_ENTITIES = "DELETE FROM entities WHERE dataset = ?"
SELECT_HEADS = "SELECT * FROM entity_heads ORDER BY id"
SELECT_ENTITY = "SELECT * FROM entity_heads WHERE id = ?"
BROWSE_ENTITIES = """
SELECT * FROM entity_heads WHERE name LIKE :beginning ESCAPE '\\' AND (:kind = '' OR kind = :kind)
AND (:after = '' OR (name, id) > (SELECT name, id FROM entities WHERE id = :after)) ORDER BY name, id LIMIT :limit
"""
SELECT_MENTIONED = """
SELECT * FROM entity_heads WHERE id IN (SELECT entity FROM entity_mentions WHERE verse_id BETWEEN :first AND :last)
ORDER BY kind, mentions, id LIMIT :limit OFFSET :after
"""
SELECT_MENTIONS_OF = """
SELECT verse_id FROM entity_mentions WHERE entity = :entity ORDER BY verse_id LIMIT :limit OFFSET :after
"""
SELECT_MENTIONS = "SELECT m.verse_id, m.entity, e.kind FROM entity_mentions AS m JOIN entities AS e ON e.id = m.entity"
PARAGRAPH = "\n\n"
LIST = "|"
INSERT_COMMENT = 'INSERT INTO comments (dataset, start, "end", text) VALUES (?, ?, ?, ?)'
DELETE_COMMENTS = "DELETE FROM comments WHERE dataset = ?"
# Comments stay within a chapter.
SELECT_COMMENTS = """
WITH page AS MATERIALIZED (
    SELECT id FROM comments WHERE start BETWEEN :first / 1000 * 1000 AND :last AND "end" >= :first
    ORDER BY dataset, start, "end" DESC, id LIMIT :limit OFFSET :after
)
SELECT d.id, d.name, d.attribution, c.start, c."end", c.text
FROM page CROSS JOIN comments AS c ON c.id = page.id CROSS JOIN datasets AS d ON d.id = c.dataset
ORDER BY d.id, c.start, c."end" DESC, c.id
"""
INSERT_DATASET = "INSERT INTO datasets VALUES (?, ?, ?, ?, ?, ?, ?)"
SELECT_DATASETS = "SELECT id, kind, name, licence, attribution, digest, entries FROM datasets ORDER BY id"
DELETE_CROSS_REFERENCES = "DELETE FROM cross_references WHERE dataset = ?"
DELETE_TOPIC_VOTES = "DELETE FROM topic_votes WHERE dataset = ?"
DELETE_DATASET = "DELETE FROM datasets WHERE id = ?"
INSERT_CROSS_REFERENCE = "INSERT INTO cross_references VALUES (?, ?, ?, ?, ?)"
INSERT_TOPIC_VOTE = "INSERT INTO topic_votes VALUES (?, ?, ?, ?, ?)"
SELECT_CROSS_REFERENCES = 'SELECT verse_id, start, "end", max(votes) FROM cross_references GROUP BY verse_id, start, "end" ORDER BY verse_id, start'
SELECT_TOPIC_VOTES = 'SELECT topic, start, "end", votes FROM topic_votes ORDER BY topic, votes DESC, start'


def m002_links(work: UnitOfWork) -> None:
    work.execute_script(SCHEMA)


def m003_comments(work: UnitOfWork) -> None:
    work.execute_script(COMMENTS_SCHEMA)


def m005_entities(work: UnitOfWork) -> None:
    work.execute_script(ENTITIES_SCHEMA)


def m006_comments(work: UnitOfWork) -> None:
    """The ranking has an index of comments' words of its own, in memory."""
    work.execute("DROP TABLE comments_fts")


def select_datasets(reader: Reader) -> list[Dataset]:
    return [
        Dataset(
            id=id_,
            kind=DatasetKind(kind),
            name=name,
            licence=licence,
            attribution=attribution,
            digest=digest,
            entries=entries,
        )
        for id_, kind, name, licence, attribution, digest, entries in reader.rows(SELECT_DATASETS)
    ]


def delete_dataset(work: UnitOfWork, dataset: str) -> None:
    for statement in (
        DELETE_CROSS_REFERENCES,
        DELETE_TOPIC_VOTES,
        DELETE_COMMENTS,
        DELETE_MENTIONS,
        DELETE_ENTITIES,
        DELETE_DATASET,
    ):
        work.execute(statement, (dataset,))


def insert_dataset(work: UnitOfWork, dataset: Dataset) -> None:
    work.execute(INSERT_DATASET, msgspec.structs.astuple(dataset))


def insert_cross_references(work: UnitOfWork, dataset: str, links: Iterable[CrossReference]) -> None:
    work.execute_many(INSERT_CROSS_REFERENCE, ((dataset, *msgspec.structs.astuple(link)) for link in links))


def insert_topic_votes(work: UnitOfWork, dataset: str, votes: Iterable[TopicVote]) -> None:
    work.execute_many(INSERT_TOPIC_VOTE, ((dataset, *msgspec.structs.astuple(vote)) for vote in votes))


def insert_comments(work: UnitOfWork, dataset: str, comments: Iterable[Comment]) -> None:
    rows = ((dataset, each.start, each.end, PARAGRAPH.join(each.paragraphs)) for each in comments)
    work.execute_many(INSERT_COMMENT, rows)


def insert_entities(work: UnitOfWork, dataset: str, entities: Sequence[Entity]) -> None:
    work.execute_many(
        INSERT_ENTITY,
        [
            (
                each.id,
                dataset,
                each.kind.value,
                each.name,
                LIST.join(each.also),
                each.description,
                each.year,
                each.latitude,
                each.longitude,
                LIST.join(each.takes_part),
                len(each.verse_ids),
            )
            for each in entities
        ],
    )
    work.execute_many(INSERT_MENTION, [(each.id, verse_id) for each in entities for verse_id in each.verse_ids])


def select_cross_references(reader: Reader) -> list[CrossReference]:
    """Every link once, with the most votes that any dataset gives it."""
    return [CrossReference(*row) for row in each_cross_reference(reader)]


def each_cross_reference(reader: Reader) -> Iterator[Row]:
    """The same one after another, as rows of numbers."""
    return reader.each(SELECT_CROSS_REFERENCES)


def each_comment(
    reader: Reader, first: int, last: int, *, after: int, limit: int
) -> Iterator[tuple[str, str, str, Comment]]:
    """(dataset id, name, attribution, comment) of the comments that touch a range, without the first `after`."""
    parameters = {"first": first, "last": last, "after": after, "limit": limit}
    for id_, name, attribution, start, end, text in reader.each(SELECT_COMMENTS, parameters):
        yield id_, name, attribution, Comment(start, end, tuple(text.split(PARAGRAPH)))


def select_topic_votes(reader: Reader) -> list[TopicVote]:
    return [TopicVote(*row) for row in reader.rows(SELECT_TOPIC_VOTES)]
