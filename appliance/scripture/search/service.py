"""The search service. It puts the passage of a reference first, then a mode's candidates, and returns one page of hits."""

import re
import time

from appliance.infrastructure.database import Database
from appliance.infrastructure.graph.interface import Graph
from appliance.scripture.canon import WHOLE_CANON, VerseRange, book_range, osis_of, testament_range
from appliance.scripture.references import find_book, format_verse, parse_reference
from appliance.scripture.search.candidates import Candidates
from appliance.scripture.search.cursor import decode_cursor, encode_cursor
from appliance.scripture.search.highlight import highlighter, highlights
from appliance.scripture.search.hits import MAX_LIMIT, Hit, Mode, Results, Search, Why
from appliance.scripture.search.meaning import MeaningIndex
from appliance.scripture.search.modes import hybrid, keyword, semantic, strongs
from appliance.scripture.search.modes.keyword import QueryRefused
from appliance.scripture.search.named import named_verses
from appliance.scripture.search.ports import Embedder
from appliance.scripture.search.ranking.current import CurrentRanker
from appliance.scripture.search.ranking.index_files import IndexFiles
from appliance.scripture.search.ranking.ranker import FeatureTable
from appliance.scripture.search.request import Request
from appliance.scripture.translations import queries
from appliance.scripture.translations.translation import Translation

MAX_QUERY_CHARACTERS = 1_000
_LETTER = re.compile(r"[^\W\d]")


class Finder:
    """Searches a library. Safe to use from several threads."""

    def __init__(
        self,
        library: Database,
        embedder: Embedder | None,
        *,
        embedded: str,
        graph: Graph | None = None,
        files: IndexFiles,
    ) -> None:
        """`embedded` is the preferred translation for search by meaning."""
        self._library, self._graph = library, graph
        self.meaning = MeaningIndex(library, embedder, preferred=embedded)
        self.ranker = CurrentRanker(library, embedded=embedded, files=files)

    def search(self, search: Search) -> Results:
        """Return a page of verses for a query, best first.

        Raises QueryRefused, CursorInvalid, BookNotFound, and the errors of `parse_reference` for `within`. The mode `semantic`
        also raises MeaningUnavailable. The mode `strongs` also raises LemmaNotFound, LexiconEntryNotFound and GraphMissing.
        """
        started_at = time.perf_counter()
        _check(search)
        offset = decode_cursor(search.cursor)
        verses, translation = _verses(search), search.translation
        named: list[int] = []
        if search.mode is Mode.HYBRID:
            named = [
                verse for verse in named_verses(self._library, search.query, translation, MAX_LIMIT) if verse in verses
            ]
        request = Request(text=search.query, translation=translation, verses=verses, depth=offset + search.limit + 1)
        candidates = self._candidates(search.mode, request)
        named_set = frozenset(named)
        ranked = [(verse, 1.0) for verse in named] + [pair for pair in candidates.ranked if pair[0] not in named_set]
        page, cursor = self._page(ranked, translation, offset, search.limit)
        return Results(
            query=search.query,
            mode=search.mode,
            translation=translation.id,
            hits=_hits(page, candidates, named_set),
            next_cursor=cursor,
            took_ms=round((time.perf_counter() - started_at) * 1000, 2),
            notice=candidates.notice,
        )

    def _candidates(self, mode: Mode, request: Request) -> Candidates:
        if mode is Mode.STRONGS:
            return strongs.find(self._library, request, self._graph)
        if mode is Mode.KEYWORD:
            return keyword.find(self._library, request)
        if mode is Mode.SEMANTIC:
            return semantic.find(self._library, request, self.meaning, self.ranker)
        return hybrid.find(self._library, request, self.meaning, self.ranker)

    def features(self, search: Search) -> FeatureTable:
        """Return the features of a query for the ranking model. The mode, the cursor and the limit of `search` have no effect.

        Raises QueryRefused, MeaningUnavailable, RankerUnavailable, and the errors for invalid `within` and `book`.
        """
        _check(search)
        request = Request(text=search.query, translation=search.translation, verses=_verses(search), depth=0)
        return hybrid.features(self._library, request, self.meaning, self.ranker)

    def prepare(self) -> None:
        """Load the embedding model in the background, before the first search needs this model."""
        self.meaning.prepare()

    def _page(
        self, ranked: list[tuple[int, float]], translation: Translation, offset: int, limit: int
    ) -> tuple[list[tuple[int, float, str]], str | None]:
        """Return the verses of a page that are in the reader's translation, and the cursor of the next page."""
        page: list[tuple[int, float, str]] = []
        while len(page) < limit and offset < len(ranked):
            chunk = ranked[offset : offset + limit - len(page)]
            texts = queries.texts(self._library, translation, [verse_id for verse_id, _ in chunk])
            page += [(verse_id, score, texts[verse_id]) for verse_id, score in chunk if verse_id in texts]
            offset += len(chunk)
        return page, encode_cursor(offset) if offset < len(ranked) else None


def _hits(page: list[tuple[int, float, str]], candidates: Candidates, named: frozenset[int]) -> tuple[Hit, ...]:
    verse_ids = [verse_id for verse_id, _, _ in page]
    marks, why = candidates.marks(verse_ids), candidates.explain(verse_ids)
    pattern = highlighter(candidates.marked_words)
    return tuple(
        Hit(
            verse_id=verse_id,
            osis=osis_of(verse_id),
            reference=format_verse(verse_id),
            text=text,
            score=round(score, 6),
            why=Why(reference=True) if verse_id in named else why.get(verse_id, Why()),
            highlights=marks[verse_id] if verse_id in marks else highlights(pattern, text),
        )
        for verse_id, score, text in page
    )


def _check(search: Search) -> None:
    if not _LETTER.search(search.query) and not any(character.isdigit() for character in search.query):
        raise QueryRefused("The query is empty.", remedy="Enter a word, a phrase or a reference.")
    if len(search.query) > MAX_QUERY_CHARACTERS:
        raise QueryRefused(
            f"The query has {len(search.query):,} characters.",
            remedy=f"Use at most {MAX_QUERY_CHARACTERS:,} characters.",
        )
    if not 1 <= search.limit <= MAX_LIMIT:
        raise QueryRefused(
            f"The limit {search.limit} is not allowed.", remedy=f"`limit` must be from 1 to {MAX_LIMIT}."
        )


def _verses(search: Search) -> VerseRange:
    """Return the range of verses to search. If the search has several filters, the narrowest one is used."""
    if search.within:
        return parse_reference(search.within)
    if search.book:
        return book_range(find_book(search.book))
    return testament_range(search.testament) if search.testament else WHOLE_CANON
