"""Topics of a topical dictionary, and the verses they cite under each heading."""

import msgspec


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
