"""The nouns of search."""

from enum import StrEnum

import msgspec


class Mode(StrEnum):
    HYBRID = "hybrid"
    KEYWORD = "keyword"
    SEMANTIC = "semantic"


class Why(msgspec.Struct, frozen=True):
    """Why a verse was found: its place (from 1) among keyword and meaning matches, and its cosine similarity.

    `reference` marks a verse that the query named.
    """

    keyword_rank: int | None = None
    semantic_rank: int | None = None
    similarity: float | None = None
    reference: bool = False


class Hit(msgspec.Struct, frozen=True):
    """A found verse with its text in the reader's translation. `highlights` are (start, end) offsets into `text`."""

    verse_id: int
    osis: str
    reference: str
    text: str
    score: float
    why: Why
    highlights: tuple[tuple[int, int], ...] = ()


class Results(msgspec.Struct, frozen=True):
    """A page of hits. `notice` says what a reader should know, such as that meaning is not searched yet."""

    query: str
    mode: Mode
    translation: str
    took_ms: float
    hits: tuple[Hit, ...]
    next_cursor: str | None
    notice: str | None = None
