"""Search: a reference is opened, words and meaning find verses, a ranking orders them."""

import re
import threading
import time

from appliance.errors import Refused, Unavailable
from appliance.infrastructure.database import Database
from appliance.infrastructure.graph.asking import Graph
from appliance.scripture.canon import book_range, osis_of, testament_range
from appliance.scripture.references import find_book, format_range, parse_reference
from appliance.scripture.search.candidates import Span, by_meaning
from appliance.scripture.search.cursor import decode_cursor, encode_cursor
from appliance.scripture.search.fts import TextQuery, parse_query
from appliance.scripture.search.highlight import highlighter, highlights
from appliance.scripture.search.hits import MAX_LIMIT, Hit, Mode, Results, Search, Why
from appliance.scripture.search.hybrid import (
    MEANING_DEPTH,
    Found,
    features,
    fuse_words_and_meaning,
    keyword,
    rank,
    reasons,
)
from appliance.scripture.search.index import embedded_translation, index_state
from appliance.scripture.search.lemma import find_uses
from appliance.scripture.search.named import named_verses
from appliance.scripture.search.ports import Embedder
from appliance.scripture.search.ranking.compiled import IndexFiles
from appliance.scripture.search.ranking.current import NoRanking, Rankings
from appliance.scripture.search.ranking.ranking import FeatureTable
from appliance.scripture.translations import queries
from appliance.scripture.translations.translation import Translation

MAX_QUERY_CHARACTERS = 1_000
# A model that was loaded a short time ago is there still.
PREPARED_S = 30.0
_EXCLUSION = re.compile(r"(?:^|\s)(?:NOT\s+|-)\w")
_LETTER = re.compile(r"[^\W\d]")


class QueryRefused(Refused):
    """The query is empty, too long, or asks for more than is given."""


class MeaningUnavailable(Unavailable):
    """There are no vectors yet, or nobody to make one of the query."""


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
        """`embedded` is the preferred text of the index by meaning."""
        self._library, self._embedder, self._graph, self._embedded = library, embedder, graph, embedded
        self._prepared_at = -PREPARED_S
        self.rankings = Rankings(library, embedded=embedded, files=files)

    def search(self, wanted: Search) -> Results:
        """A page of verses for a query, best first.

        Raises QueryRefused, CursorInvalid, TranslationNotFound, BookNotFound, the errors of `parse_reference` for what it is
        `within`; MeaningUnavailable in semantic mode; LemmaNotFound, LexiconEntryNotFound and GraphMissing in strongs mode.
        """
        began = time.perf_counter()
        _check(wanted)
        offset = decode_cursor(wanted.cursor)
        translation = queries.find_translation(self._library, wanted.translation)
        span = _span(wanted)
        named = named_verses(self._library, wanted.query, translation, MAX_LIMIT) if wanted.mode is Mode.HYBRID else []
        named = [verse for verse in named if span.first <= verse <= span.last]
        found = self._find(wanted, translation, span, offset + wanted.limit + 1)
        ranked = [(verse, 1.0) for verse in named] + [pair for pair in found.ranked if pair[0] not in set(named)]
        page, cursor = self._page(ranked, translation, offset, wanted.limit)
        shown = [verse for verse, _, _ in page]
        marks = found.marks(shown)
        why = found.why(shown) | {verse: Why(reference=True) for verse in named}
        pattern = highlighter(found.marked)
        hits = tuple(
            Hit(
                verse_id=verse,
                osis=osis_of(verse),
                reference=format_range(verse, verse),
                text=text,
                score=round(score, 6),
                why=why.get(verse, Why()),
                highlights=marks[verse] if verse in marks else highlights(pattern, text),
            )
            for verse, score, text in page
        )
        return Results(
            query=wanted.query,
            mode=wanted.mode,
            translation=translation.id,
            hits=hits,
            next_cursor=cursor,
            took_ms=round((time.perf_counter() - began) * 1000, 2),
            notice=found.notice,
        )

    def _find(self, wanted: Search, translation: Translation, span: Span, depth: int) -> Found:
        if wanted.mode is Mode.STRONGS:
            return find_uses(self._library, self._graph, wanted.query, translation, span)
        query = parse_query(wanted.query)
        if query is None and _EXCLUSION.search(wanted.query):
            raise QueryRefused(
                "The query only excludes words.", remedy="Say also what to find, such as: faith NOT works."
            )
        if wanted.mode is Mode.KEYWORD:
            return _by_words(query, keyword(self._library, query, translation, span, depth))
        if wanted.mode is Mode.SEMANTIC:
            return self._by_meaning(wanted.query, span)
        if query and query.excludes:
            words = keyword(self._library, query, translation, span, depth)
            return _by_words(query, words, "Words are excluded, so meaning was not searched.")
        return self._hybrid(wanted.query, query, translation, span)

    def _hybrid(self, text: str, query: TextQuery | None, translation: Translation, span: Span) -> Found:
        foreign = self._foreign_notice(translation)
        own_words = keyword(self._library, query, translation, span, MEANING_DEPTH) if foreign else []
        if own_words:
            # A model of one language ranks a query of another no better than chance.
            return _by_words(query, own_words, foreign)
        try:
            embedder = self.ready()
            found = self._ranked_or_fused(embedder, text, query, translation, span)
        except Unavailable as error:
            loose = keyword(self._library, query, translation, span, MEANING_DEPTH, loose=not foreign)
            return _by_words(query, loose, f"{error.message} These results match by words only.")
        return found.with_notice(foreign)

    def _ranked_or_fused(
        self, embedder: Embedder, text: str, query: TextQuery | None, translation: Translation, span: Span
    ) -> Found:
        try:
            ranking = self.rankings.current(embedder.model)
        except NoRanking as error:
            fused = fuse_words_and_meaning(self._library, embedder, text, query, translation, span)
            return fused.with_notice(f"{error.message} These results are ordered by words and meaning only.")
        return rank(self._library, ranking, embedder, text, translation, span)

    def features(self, wanted: Search) -> FeatureTable:
        """The features of a query for the ranking model. Mode, cursor and limit have no effect.

        Raises QueryRefused, TranslationNotFound, MeaningUnavailable, NoRanking, and what `within` and `book` raise.
        """
        _check(wanted)
        translation = queries.find_translation(self._library, wanted.translation)
        embedder = self.ready()
        ranking = self.rankings.current(embedder.model)
        return features(self._library, ranking, embedder, wanted.query, translation, _span(wanted))

    def _by_meaning(self, text: str, span: Span) -> Found:
        embedder = self.ready()
        (vector,) = embedder.embed([text])
        try:
            meaning = self.rankings.current(embedder.model).nearest(vector, span, MEANING_DEPTH)
        except NoRanking:
            meaning = by_meaning(self._library.reader, vector, span, MEANING_DEPTH)
        query = parse_query(text)
        return Found(ranked=meaning, why=reasons([], meaning), marked=query.words if query else ())

    def prepare(self) -> None:
        """Have the embedding model loaded in the background, because somebody is about to search."""
        embedder, now = self._embedder, time.monotonic()
        if embedder and now - self._prepared_at > PREPARED_S and self.rankings.index_is_complete(embedder.model):
            self._prepared_at = now
            threading.Thread(target=embedder.prepare, name="prepare search", daemon=True).start()

    def ready(self) -> Embedder:
        """The embedder, where every verse has a vector of its model. Raises MeaningUnavailable."""
        embedder = self._embedder
        if embedder is None or not self.rankings.index_is_complete(embedder.model):
            state = index_state(self._library, self._embedded, embedder.model if embedder else "")
            share = f"{state.embedded / state.total:.0%}" if state.total else "0%"
            raise MeaningUnavailable(
                f"Search by meaning is being prepared ({share} done).",
                remedy="`lampstand index` prepares it; `lampstand status` shows how far it is.",
            )
        return embedder

    def _foreign_notice(self, translation: Translation) -> str | None:
        """What a reader of another language than the embedded text's should know."""
        source = embedded_translation(self._library, self._embedded)
        languages = {tag.split("-")[0] for tag in (source.language if source else "und", translation.language)} - {
            "und"
        }
        if source is None or len(languages) < 2:
            return None
        return f"Meaning is searched in the {source.name} only, until a model for more languages is added; words are searched in {translation.name}."

    def _page(
        self, ranked: list[tuple[int, float]], translation: Translation, offset: int, limit: int
    ) -> tuple[list[tuple[int, float, str]], str | None]:
        """The verses of a page that the reader's translation has, and the cursor of the next."""
        page: list[tuple[int, float, str]] = []
        while len(page) < limit and offset < len(ranked):
            chunk = ranked[offset : offset + limit - len(page)]
            texts = queries.texts(self._library, translation.id, [verse_id for verse_id, _ in chunk])
            page += [(verse_id, score, texts[verse_id]) for verse_id, score in chunk if verse_id in texts]
            offset += len(chunk)
        return page, encode_cursor(offset) if offset < len(ranked) else None


def _by_words(query: TextQuery | None, words: list[int], notice: str | None = None) -> Found:
    scores = [(verse_id, round(1.0 / place, 6)) for place, verse_id in enumerate(words, start=1)]
    return Found(ranked=scores, why=reasons(words, []), marked=query.words if query else (), notice=notice)


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
