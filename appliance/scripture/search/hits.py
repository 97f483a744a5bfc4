"""The nouns of search."""

from enum import StrEnum

import msgspec

from appliance.scripture.canon import Testament
from appliance.scripture.references import VersePlace
from appliance.scripture.translations.translation import Translation

# Verses in one answer.
MAX_LIMIT = 100


class Mode(StrEnum):
    """How a query is understood; `strongs` names a word of the original."""

    HYBRID = "hybrid"
    KEYWORD = "keyword"
    SEMANTIC = "semantic"
    STRONGS = "strongs"


class Search(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked for. `book` is a name or OSIS id, `within` a reference; `cursor` comes from a page before."""

    query: str
    mode: Mode = Mode.HYBRID
    translation: Translation
    limit: int = 20
    cursor: str | None = None
    testament: Testament | None = None
    book: str | None = None
    within: str | None = None


class Why(msgspec.Struct, frozen=True):
    """Why a verse was found: its place (from 1) among keyword and meaning matches, and its cosine similarity.

    `reference` marks a verse that the query named, `in_order` one that has its words in their order, `linked` one that cross
    references tie to the best others. `topics` are those of a dictionary that the query names and that cite the verse;
    `voted_topic` is a topic of the same meaning for which readers found it helpful.
    """

    keyword_rank: int | None = None
    semantic_rank: int | None = None
    similarity: float | None = None
    reference: bool = False
    in_order: bool = False
    linked: bool = False
    topics: tuple[str, ...] = ()
    voted_topic: str | None = None


class Hit(VersePlace, frozen=True):
    """A found verse with its text in the reader's translation. `highlights` are (start, end) offsets into `text`."""

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
