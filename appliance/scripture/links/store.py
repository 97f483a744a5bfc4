"""The SQL of links in library.db. Private to `scripture`."""

from collections.abc import Iterable

import msgspec

from appliance.infrastructure.database import Reader, UnitOfWork
from appliance.scripture.links.link import CrossReference, Dataset, DatasetKind, TopicVote

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
    for statement in SCHEMA.split(";\n"):
        work.execute(statement)


def select_datasets(reader: Reader) -> list[Dataset]:
    return [
        Dataset(
            id=id_, kind=DatasetKind(kind), name=name, licence=licence, attribution=attribution, digest=digest, entries=entries
        )
        for id_, kind, name, licence, attribution, digest, entries in reader.rows(SELECT_DATASETS)
    ]  # fmt: skip


def delete_dataset(work: UnitOfWork, dataset: str) -> None:
    for statement in (DELETE_CROSS_REFERENCES, DELETE_TOPIC_VOTES, DELETE_DATASET):
        work.execute(statement, (dataset,))


def insert_dataset(work: UnitOfWork, dataset: Dataset) -> None:
    work.execute(INSERT_DATASET, msgspec.structs.astuple(dataset))


def insert_cross_references(work: UnitOfWork, dataset: str, links: Iterable[CrossReference]) -> None:
    work.execute_many(INSERT_CROSS_REFERENCE, ((dataset, *msgspec.structs.astuple(link)) for link in links))


def insert_topic_votes(work: UnitOfWork, dataset: str, votes: Iterable[TopicVote]) -> None:
    work.execute_many(INSERT_TOPIC_VOTE, ((dataset, *msgspec.structs.astuple(vote)) for vote in votes))


def select_cross_references(reader: Reader) -> list[CrossReference]:
    """Every link once, with the most votes that any dataset gives it."""
    return [CrossReference(*row) for row in reader.rows(SELECT_CROSS_REFERENCES)]


def select_topic_votes(reader: Reader) -> list[TopicVote]:
    return [TopicVote(*row) for row in reader.rows(SELECT_TOPIC_VOTES)]
