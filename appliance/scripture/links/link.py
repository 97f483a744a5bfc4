"""Cross references between verses, and readers' votes on the verses of a topic.

Verse numbers are those of the hub versification.
"""

import msgspec


class CrossReference(msgspec.Struct, frozen=True):
    """A cross reference from a verse to a range. `votes` is the number of readers' votes, or 1 if the data has no votes."""

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
