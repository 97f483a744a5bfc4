"""Search: a reference is opened; words and meaning are fused."""

import base64
import binascii
import re
import time

import msgspec

from appliance.errors import NotFound, Refused, Unavailable
from appliance.infrastructure.database import Database
from appliance.scripture import queries
from appliance.scripture.canon import Testament, book_range, osis_of, testament_range
from appliance.scripture.numbering import numbering
from appliance.scripture.passage import Translation
from appliance.scripture.references import Reference, find_book, format_range, parse_reference
from appliance.scripture.search.candidates import Span, by_meaning, by_words
from appliance.scripture.search.fts import TextQuery, parse_query
from appliance.scripture.search.hits import Hit, Mode, Results, Why
from appliance.scripture.search.index import embedded_translation, index_state
from appliance.scripture.search.ports import Embedder
from appliance.scripture.search.ranker import fuse

MAX_QUERY_CHARACTERS = 1_000
MAX_LIMIT = 100
# How deep the signals of a fusion are read; also how far a reader can page through it.
DEPTH = 400
# The nearest neighbours cost by their number; past these, likeness says little.
MEANING_DEPTH = 200
_EXCLUSION = re.compile(r"(?:^|\s)(?:NOT\s+|-)\w")
MAX_OFFSET = 100_000
_LETTER = re.compile(r"[^\W\d]")


class QueryRefused(Refused):
    """The query is empty, too long, or asks for more than is given."""


class CursorInvalid(Refused):
    """The cursor is not one that a search handed out."""


class MeaningUnavailable(Unavailable):
    """There are no vectors yet, or nobody to make one of the query."""


class Search(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked for. `book` is a name or OSIS id, `within` a reference; `cursor` comes from a page before."""

    query: str
    mode: Mode = Mode.HYBRID
    translation: str
    limit: int = 20
    cursor: str | None = None
    testament: Testament | None = None
    book: str | None = None
    within: str | None = None


class _Cursor(msgspec.Struct, frozen=True):
    offset: int


class _Candidates(msgspec.Struct, frozen=True):
    words: list[int]
    meaning: list[tuple[int, float]]
    notice: str | None
    foreign: bool = False


def search(database: Database, embedder: Embedder | None, wanted: Search, *, embedded: str) -> Results:
    """A page of verses for a query, best first. `embedded` is the preferred text of the index by meaning.

    Raises QueryRefused, CursorInvalid, TranslationNotFound, BookNotFound, the errors of `parse_reference` for what it is
    `within`, and MeaningUnavailable in semantic mode.
    """
    began = time.perf_counter()
    _check(wanted)
    offset = _decode_cursor(wanted.cursor)
    translation = queries.find_translation(database, wanted.translation)
    span = _span(wanted)
    named = _named_verses(database, wanted.query, translation) if wanted.mode is Mode.HYBRID else []
    text_query = parse_query(wanted.query)
    if text_query is None and _EXCLUSION.search(wanted.query):
        raise QueryRefused("The query only excludes words.", remedy="Say also what to find, such as: faith NOT works.")
    # By words alone a reader can page to the end; a fusion is as deep as its signals are read.
    depth = offset + wanted.limit + 1 if wanted.mode is Mode.KEYWORD else DEPTH
    candidates = _candidates(database, embedder, wanted, text_query, translation, span, embedded, depth)
    meaning = [verse_id for verse_id, _ in candidates.meaning]
    # A model of one language ranks a query of another no better than chance: then exact words come first.
    ranked = _one_after_the_other(candidates.words, meaning) if candidates.foreign else fuse(candidates.words, meaning)
    ranked = [(verse_id, 1.0) for verse_id in named] + [pair for pair in ranked if pair[0] not in named]
    page, cursor = _page(database, ranked, translation, offset, wanted.limit)
    why = _reasons(candidates, named)
    pattern = _highlighter(text_query)
    hits = tuple(
        Hit(
            verse_id=verse_id, osis=osis_of(verse_id), reference=format_range(verse_id, verse_id), text=text,
            score=round(score, 6), why=why.get(verse_id, Why()), highlights=_highlights(pattern, text),
        )
        for verse_id, score, text in page
    )  # fmt: skip
    return Results(
        query=wanted.query, mode=wanted.mode, translation=translation.id, hits=hits, next_cursor=cursor,
        took_ms=round((time.perf_counter() - began) * 1000, 2), notice=candidates.notice,
    )  # fmt: skip


def _check(wanted: Search) -> None:
    if not _LETTER.search(wanted.query) and not any(character.isdigit() for character in wanted.query):
        raise QueryRefused("The query is empty.", remedy="Give a word, a phrase or a reference.")
    if len(wanted.query) > MAX_QUERY_CHARACTERS:
        raise QueryRefused(
            f"The query has {len(wanted.query):,} characters.",
            remedy=f"At most {MAX_QUERY_CHARACTERS:,} are read.",
        )
    if not 1 <= wanted.limit <= MAX_LIMIT:
        raise QueryRefused(f"A limit of {wanted.limit} is not given.", remedy=f"It runs from 1 to {MAX_LIMIT}.")


def _span(wanted: Search) -> Span:
    """The part of the canon to search in: the narrowest that is named."""
    if wanted.within:
        reference = parse_reference(wanted.within)
        return Span(reference.start, reference.end)
    if wanted.book:
        return Span(*book_range(find_book(wanted.book)))
    return Span(*testament_range(wanted.testament)) if wanted.testament else Span()


def _named_verses(database: Database, query: str, translation: Translation) -> list[int]:
    """The first verses of a reference, where the query is one."""
    reference = named_reference(query)
    if reference is None:
        return []
    try:
        found = queries.passage(database, reference, [translation.id])
    except (NotFound, Refused):
        return []
    return [verse.verse_id for verse in found][:MAX_LIMIT]


def named_reference(query: str) -> Reference | None:
    """The reference that a whole query is, such as `john 3:16`; None for words, also for a book's bare name."""
    if not any(character.isdigit() for character in query):
        return None
    try:
        return parse_reference(query)
    except (NotFound, Refused):
        return None


def doubt_about(query: str) -> str | None:
    """What is wrong with a query that looks like a reference and is none, such as `John 99`."""
    if not any(character.isdigit() for character in query):
        return None
    try:
        parse_reference(query)
    except NotFound as error:
        return str(error)
    except Refused:
        return None
    return None


def _candidates(
    database: Database,
    embedder: Embedder | None,
    wanted: Search,
    text_query: TextQuery | None,
    translation: Translation,
    span: Span,
    embedded: str,
    depth: int,
) -> _Candidates:
    source = embedded_translation(database, embedded)
    foreign = source is not None and _differ(source.language, translation.language)
    words: list[int] = []
    if wanted.mode is not Mode.SEMANTIC and text_query:
        loose = wanted.mode is Mode.HYBRID and not foreign
        numbers = numbering(translation.versification)
        found = by_words(database.reader, text_query, translation.id, span, depth, loose=loose)
        words = list(dict.fromkeys(map(numbers.to_hub, found)))
    if wanted.mode is Mode.KEYWORD:
        return _Candidates(words, [], None)
    if wanted.mode is Mode.HYBRID and text_query and text_query.excludes:
        return _Candidates(words, [], "Words are excluded, so meaning was not searched.")
    try:
        meaning = _meaning(database, embedder, wanted.query, span, embedded)
    except Unavailable as error:
        if wanted.mode is Mode.SEMANTIC:
            raise
        return _Candidates(words, [], f"{error.message} These results match by words only.")
    notice = None
    if foreign and source:
        notice = f"Meaning is searched in the {source.name} only; words are searched in {translation.name}."
    return _Candidates(words, meaning, notice, foreign)


def _differ(one: str, two: str) -> bool:
    """True where two language tags are known and of different languages."""
    languages = {tag.split("-")[0] for tag in (one, two)} - {"und"}
    return len(languages) > 1


def _one_after_the_other(first: list[int], second: list[int]) -> list[tuple[int, float]]:
    """Both orders with the scores that each alone would have, all of the first before the second."""
    return [*fuse(first), *(pair for pair in fuse(second) if pair[0] not in set(first))]


def _meaning(
    database: Database, embedder: Embedder | None, query: str, span: Span, embedded: str
) -> list[tuple[int, float]]:
    state = index_state(database, embedded, embedder.model if embedder else "")
    if embedder is None or not state.complete:
        share = f"{state.embedded / state.total:.0%}" if state.total else "0%"
        raise MeaningUnavailable(
            f"Search by meaning is being prepared ({share} done).",
            remedy="`lampstand index` prepares it; `lampstand status` shows how far it is.",
        )
    (vector,) = embedder.embed([query])
    return by_meaning(database.reader, vector, span, MEANING_DEPTH)


def _reasons(candidates: _Candidates, named: list[int]) -> dict[int, Why]:
    word_ranks = {verse_id: rank for rank, verse_id in enumerate(candidates.words, start=1)}
    meaning_ranks = {
        verse_id: (rank, similarity) for rank, (verse_id, similarity) in enumerate(candidates.meaning, start=1)
    }
    reasons: dict[int, Why] = {}
    for verse_id in {*word_ranks, *meaning_ranks, *named}:
        rank, similarity = meaning_ranks.get(verse_id, (None, None))
        reasons[verse_id] = Why(
            keyword_rank=word_ranks.get(verse_id),
            semantic_rank=rank,
            similarity=round(similarity, 4) if similarity is not None else None,
            reference=verse_id in named,
        )
    return reasons


def _page(
    database: Database, ranked: list[tuple[int, float]], translation: Translation, offset: int, limit: int
) -> tuple[list[tuple[int, float, str]], str | None]:
    """The verses of a page that the reader's translation has, and the cursor of the next."""
    page: list[tuple[int, float, str]] = []
    while len(page) < limit and offset < len(ranked):
        chunk = ranked[offset : offset + limit - len(page)]
        texts = queries.texts(database, translation.id, [verse_id for verse_id, _ in chunk])
        page += [(verse_id, score, texts[verse_id]) for verse_id, score in chunk if verse_id in texts]
        offset += len(chunk)
    return page, _encode_cursor(offset) if offset < len(ranked) else None


def _encode_cursor(offset: int) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(_Cursor(offset))).decode().rstrip("=")


def _decode_cursor(cursor: str | None) -> int:
    if not cursor:
        return 0
    try:
        decoded = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        offset = msgspec.json.decode(decoded, type=_Cursor).offset
    except (binascii.Error, ValueError, msgspec.MsgspecError) as error:
        raise CursorInvalid(
            "The cursor is not one that a search handed out.",
            remedy="Use `next_cursor` of the page before, or none.",
        ) from error
    if not 0 <= offset <= MAX_OFFSET:
        raise CursorInvalid(
            "The cursor points beyond the results.", remedy="Use `next_cursor` of the page before, or none."
        )
    return offset


def _highlighter(query: TextQuery | None) -> re.Pattern[str] | None:
    if query is None or not query.words:
        return None
    stems = sorted(
        {_stem(word) for word in query.words if len(word) > 2 or len(query.words) == 1}, key=len, reverse=True
    )
    return re.compile(rf"\b(?:{'|'.join(map(re.escape, stems))})\w*", re.IGNORECASE) if stems else None


def _stem(word: str) -> str:
    """A beginning shared by the forms of an English word: near enough to what the index matched, for showing."""
    for ending in ("ing", "ies", "ed", "es", "s", "y", "e"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word


def _highlights(pattern: re.Pattern[str] | None, text: str) -> tuple[tuple[int, int], ...]:
    return tuple(match.span() for match in pattern.finditer(text)) if pattern else ()
