"""Links between verses, topics that people voted verses for, comments on verses. All numbers are the hub's."""

from enum import StrEnum

import msgspec


class DatasetKind(StrEnum):
    CROSS_REFERENCES = "cross references"
    TOPIC_VOTES = "topic votes"
    COMMENTARY = "comments"
    ENTITIES = "people, places and events"


class Dataset(msgspec.Struct, frozen=True, kw_only=True):
    """Links or comments that came together, with whom they are owed to."""

    id: str
    kind: DatasetKind
    name: str
    licence: str
    attribution: str
    digest: str
    entries: int


class CrossReference(msgspec.Struct, frozen=True):
    """A verse that points to a range of others; `votes` of readers, 1 where nobody voted."""

    verse_id: int
    start: int
    end: int
    votes: int = 1


class TopicVote(msgspec.Struct, frozen=True):
    """How many readers found a range of verses helpful for a topic."""

    topic: str
    start: int
    end: int
    votes: int
