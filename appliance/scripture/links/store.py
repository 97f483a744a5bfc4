"""The SQL of links, in library.db. Private to `scripture`."""

from collections.abc import Iterable, Iterator

import msgspec

from appliance.infrastructure.database import Reader, Row, UnitOfWork
from appliance.scripture.commentaries.store import DELETE_COMMENTS
from appliance.scripture.entities.store import DELETE_ENTITIES, DELETE_MENTIONS
from appliance.scripture.links.link import CrossReference, Dataset, DatasetKind, TopicVote

INSERT_DATASET = "INSERT INTO datasets VALUES (?, ?, ?, ?, ?, ?, ?)"
SELECT_DATASETS = "SELECT id, kind, name, licence, attribution, digest, entries FROM datasets ORDER BY id"
DELETE_CROSS_REFERENCES = "DELETE FROM cross_references WHERE dataset = ?"
DELETE_TOPIC_VOTES = "DELETE FROM topic_votes WHERE dataset = ?"
DELETE_DATASET = "DELETE FROM datasets WHERE id = ?"
INSERT_CROSS_REFERENCE = "INSERT INTO cross_references VALUES (?, ?, ?, ?, ?)"
INSERT_TOPIC_VOTE = "INSERT INTO topic_votes VALUES (?, ?, ?, ?, ?)"
SELECT_CROSS_REFERENCES = 'SELECT verse_id, start, "end", max(votes) FROM cross_references GROUP BY verse_id, start, "end" ORDER BY verse_id, start'
SELECT_TOPIC_VOTES = 'SELECT topic, start, "end", votes FROM topic_votes ORDER BY topic, votes DESC, start'


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


def select_cross_references(reader: Reader) -> list[CrossReference]:
    """Every link once, with the most votes that any dataset gives it."""
    return [CrossReference(*row) for row in each_cross_reference(reader)]


def each_cross_reference(reader: Reader) -> Iterator[Row]:
    """The same one after another, as rows of numbers."""
    return reader.each(SELECT_CROSS_REFERENCES)


def select_topic_votes(reader: Reader) -> list[TopicVote]:
    return [TopicVote(*row) for row in reader.rows(SELECT_TOPIC_VOTES)]
