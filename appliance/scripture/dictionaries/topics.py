"""Topics of a topical dictionary, and the verses that they cite under each heading."""

import msgspec

from appliance.scripture.paging import Page


class Citation(msgspec.Struct, frozen=True):
    """A verse range (both ends included) that a topic cites under a heading."""

    heading: str
    start: int
    end: int


class Topic(msgspec.Struct, frozen=True, kw_only=True):
    """A topic. Two topics may have the same headword. `position` is the topic's position in the dictionary.

    `unresolved` is the number of citations that could not be read.
    """

    position: int
    headword: str
    citations: tuple[Citation, ...]
    see_also: tuple[str, ...]
    unresolved: int = 0


class TopicHead(msgspec.Struct, frozen=True):
    """A topic without its citations. `citations` is the number of the topic's citations."""

    id: int
    headword: str
    dictionary: str
    citations: int


class TopicEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A topic with a page of its citations. `see_also` has pairs: a headword, and the id of its topic or None."""

    head: TopicHead
    citations: Page[Citation]
    see_also: tuple[tuple[str, int | None], ...]


class TopicCitation(msgspec.Struct, frozen=True):
    """A topic heading that cites a verse range. `size` is the number of all citations of the topic."""

    topic: str
    heading: str
    start: int
    end: int
    size: int
