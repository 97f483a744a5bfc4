"""The SQL statements of links, for library.db. Only the package `scripture` uses them."""

from collections.abc import Iterable, Iterator

from appliance.infrastructure.database import Reader, Row, UnitOfWork
from appliance.scripture.links.link import CrossReference, TopicVote

INSERT_CROSS_REFERENCE = """
INSERT INTO cross_references (item, verse_id, start, "end", votes) VALUES (:item, :verse_id, :start, :end, :votes)
"""
DELETE_CROSS_REFERENCES = "DELETE FROM cross_references WHERE item = :item"
SELECT_CROSS_REFERENCES = """
SELECT verse_id, start, "end", max(votes) FROM cross_references GROUP BY verse_id, start, "end" ORDER BY verse_id, start
"""
INSERT_TOPIC_VOTE = """
INSERT INTO topic_votes (item, topic, start, "end", votes) VALUES (:item, :topic, :start, :end, :votes)
"""
DELETE_TOPIC_VOTES = "DELETE FROM topic_votes WHERE item = :item"
SELECT_TOPIC_VOTES = 'SELECT topic, start, "end", votes FROM topic_votes ORDER BY topic, votes DESC, start'


def insert_cross_references(work: UnitOfWork, item: str, links: Iterable[CrossReference]) -> None:
    """Write cross references."""
    rows = (
        {"item": item, "verse_id": link.verse_id, "start": link.start, "end": link.end, "votes": link.votes}
        for link in links
    )
    work.execute_many(INSERT_CROSS_REFERENCE, rows)


def delete_cross_references(work: UnitOfWork, item: str) -> None:
    """Delete the cross references of a library item."""
    work.execute(DELETE_CROSS_REFERENCES, {"item": item})


def select_cross_references(reader: Reader) -> list[CrossReference]:
    """Return every cross reference once, with the highest number of votes in any data set."""
    return [CrossReference(*row) for row in iterate_cross_references(reader)]


def iterate_cross_references(reader: Reader) -> Iterator[Row]:
    """Yield the cross references of `select_cross_references` as rows of numbers."""
    return reader.each(SELECT_CROSS_REFERENCES)


def insert_topic_votes(work: UnitOfWork, item: str, votes: Iterable[TopicVote]) -> None:
    """Write topic votes."""
    rows = (
        {"item": item, "topic": vote.topic, "start": vote.start, "end": vote.end, "votes": vote.votes} for vote in votes
    )
    work.execute_many(INSERT_TOPIC_VOTE, rows)


def delete_topic_votes(work: UnitOfWork, item: str) -> None:
    """Delete the topic votes of a library item."""
    work.execute(DELETE_TOPIC_VOTES, {"item": item})


def select_topic_votes(reader: Reader) -> list[TopicVote]:
    """Return all topic votes, sorted by topic. Ranges with more votes come first."""
    return [TopicVote(*row) for row in reader.rows(SELECT_TOPIC_VOTES)]
