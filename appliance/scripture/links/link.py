"""Links between verses, and topics that readers voted verses for. Verses are numbered as in the hub."""

import msgspec


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
