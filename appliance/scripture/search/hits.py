"""The data types of a search: the request, the results and their reasons."""

from enum import StrEnum

import msgspec

from appliance.scripture.canon import Testament
from appliance.scripture.references import VersePlace
from appliance.scripture.translations.translation import Translation

# Maximum number of verses per page.
MAX_LIMIT = 100


class Mode(StrEnum):
    """How verses are searched for a query. `strongs` searches for a Greek or Hebrew word."""

    HYBRID = "hybrid"
    KEYWORD = "keyword"
    SEMANTIC = "semantic"
    STRONGS = "strongs"


class Search(msgspec.Struct, frozen=True, kw_only=True):
    """A search request. `book` is a name or an OSIS id, `within` is a reference, and `cursor` is from the previous page."""

    query: str
    mode: Mode = Mode.HYBRID
    translation: Translation
    limit: int = 20
    cursor: str | None = None
    testament: Testament | None = None
    book: str | None = None
    within: str | None = None


class Why(msgspec.Struct, frozen=True):
    """Why a verse was found: its rank (from 1) among keyword and meaning matches, and its cosine similarity.

    `reference` is true if the query names the verse. `in_order` is true if the verse has the words of the query in the same
    order. `linked` is true if cross references link the verse to the best results. `topics` are topics of dictionaries: the
    query names them, and they cite the verse. `voted_topic` is a topic that means the same as the query; readers voted for
    the verse under this topic.
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
    """A search result: a verse in the reader's translation. `highlights` are (start, end) offsets into `text`."""

    text: str
    score: float
    why: Why
    highlights: tuple[tuple[int, int], ...] = ()


class Results(msgspec.Struct, frozen=True):
    """A page of hits. `notice` is a message for the reader, for example that search by meaning is not ready yet."""

    query: str
    mode: Mode
    translation: str
    took_ms: float
    hits: tuple[Hit, ...]
    next_cursor: str | None
    notice: str | None = None
