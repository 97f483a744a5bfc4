"""Cross references between verses, and the votes of readers on verses for a topic. Verse numbers are those of the hub."""

import msgspec


class CrossReference(msgspec.Struct, frozen=True):
    """A cross reference from a verse to a range. `votes` are the votes of readers, or 1 if there are none."""

    verse_id: int
    start: int
    end: int
    votes: int = 1


class TopicVote(msgspec.Struct, frozen=True):
    """The number of readers who found a verse range helpful for a topic."""

    topic: str
    start: int
    end: int
    votes: int
