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


class Comment(msgspec.Struct, frozen=True):
    """Paragraphs about the verses from `start` to `end`; a chapter's introduction is about the whole chapter."""

    start: int
    end: int
    paragraphs: tuple[str, ...]


class EntityKind(StrEnum):
    PERSON = "person"
    PLACE = "place"
    EVENT = "event"


class Entity(msgspec.Struct, frozen=True, kw_only=True):
    """A person, a place or an event, and the verses that mention it.

    `also` are other names; `year` is of birth or beginning, below 0 before Christ; degrees are north and east. `takes_part` are
    the ids of the people at an event and of the places where it happens.
    """

    id: str
    kind: EntityKind
    name: str
    also: tuple[str, ...] = ()
    description: str = ""
    year: int | None = None
    latitude: float | None = None
    longitude: float | None = None
    takes_part: tuple[str, ...] = ()
    verse_ids: tuple[int, ...] = ()
