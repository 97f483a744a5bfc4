"""Topics of a topical dictionary, and the verses they cite under each heading."""

import msgspec

from appliance.scripture.paging import Page


class Citation(msgspec.Struct, frozen=True):
    """A range of verses (both ends included) cited under a heading of a topic."""

    heading: str
    start: int
    end: int


class Topic(msgspec.Struct, frozen=True, kw_only=True):
    """One entry. Two entries may share a headword; `position` is the order in the dictionary."""

    position: int
    headword: str
    citations: tuple[Citation, ...]
    see_also: tuple[str, ...]
    unresolved: int = 0


class TopicHead(msgspec.Struct, frozen=True):
    """A topic of a topical dictionary; `citations` counts what it cites."""

    id: int
    headword: str
    dictionary: str
    citations: int


class TopicEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A topic with a page of what it cites. `see_also` pairs a headword with its topic's id, None where the dictionary has none."""

    head: TopicHead
    citations: Page[Citation]
    see_also: tuple[tuple[str, int | None], ...]


class TopicCitation(msgspec.Struct, frozen=True):
    """A topic's heading that cites a range; `size` counts all citations of the topic."""

    topic: str
    heading: str
    start: int
    end: int
    size: int
