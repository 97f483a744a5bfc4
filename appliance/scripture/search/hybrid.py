"""Search by everything at once: the learned ranking where the library is ready for it, words and meaning fused where not."""

import re
from collections.abc import Callable
from typing import NamedTuple

import msgspec

from appliance.infrastructure.database import Database
from appliance.scripture.numbering import numbering
from appliance.scripture.search.candidates import Span, by_meaning, by_words
from appliance.scripture.search.fts import TextQuery, parse_query
from appliance.scripture.search.fusion import fuse
from appliance.scripture.search.highlight import Highlights
from appliance.scripture.search.hits import Why
from appliance.scripture.search.in_order import FEWEST_WORDS, words_in_order, words_of
from appliance.scripture.search.ports import Embedder
from appliance.scripture.search.ranking.ranking import FeatureTable, Ranked, Ranking
from appliance.scripture.search.wording import subject_of
from appliance.scripture.translations.translation import Translation

# How deep words are read; also how far a reader can page where there is no ranking.
DEPTH = 400
# The nearest neighbours cost by their number; past these, likeness says little.
MEANING_DEPTH = 200
# Of how many of the best by words the order is looked at, a text at a time.
ORDERED = 60
# How far a verse's number in another versification may be from the hub's: chapters are moved by one.
NUMBERING_SHIFT = 2_000


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """(verse id, score), best first; why each of some is there, and where it is marked; what a reader should know.

    Where nothing says what to mark, it is the words in `marked`.
    """

    ranked: list[tuple[int, float]]
    why: Callable[[list[int]], dict[int, Why]]
    marks: Callable[[list[int]], dict[int, Highlights]] = lambda _verse_ids: {}
    marked: tuple[str, ...] = ()
    notice: str | None = None

    def with_notice(self, more: str | None) -> "Found":
        """The same with one more thing to know."""
        return msgspec.structs.replace(self, notice=" ".join(filter(None, (self.notice, more))) or None)


def rank(
    database: Database, ranking: Ranking, embedder: Embedder, query: str, translation: Translation, span: Span
) -> Found:
    """What the learned ranking finds. Raises Unavailable where nobody makes a vector of the query."""
    subject, text_query, corrected = _parse(ranking, query, translation)
    ranked = ranking.rank(database.reader, text_query, lambda: embedder.embed([subject])[0], span)
    scores = dict(zip(ranked.verse_ids, ranked.scores, strict=True))
    # What a phrase or an operator asks for goes before all others, as it would by words alone.
    exact = keyword(database, text_query, translation, span, DEPTH) if text_query and text_query.structured else []
    ordered = [] if exact else _in_order(ranked, query)
    first = dict.fromkeys([*ordered, *exact])
    best = max(ranked.scores, default=0.0)
    order = [(verse, best) for verse in first] + [pair for pair in scores.items() if pair[0] not in first]
    if translation.id not in {text.id for text in ranking.knowledge.texts if text}:
        # Its words and its verses may be others than those that are ranked.
        own = keyword(database, text_query, translation, span, DEPTH, loose=True)
        order += [(verse, 0.0) for verse in own if verse not in first and verse not in scores]
    return Found(
        ranked=order,
        why=lambda verses: _support(ranked, verses, frozenset(ordered)),
        marked=text_query.words if text_query else (),
        notice=_corrections(corrected),
    )


def features(
    database: Database, ranking: Ranking, embedder: Embedder, query: str, translation: Translation, span: Span
) -> FeatureTable:
    """The features of a query for the ranking model. Raises Unavailable where the query cannot be embedded."""
    subject, text_query, _corrected = _parse(ranking, query, translation)
    return ranking.features(database.reader, text_query, lambda: embedder.embed([subject])[0], span)


class _ParsedQuery(NamedTuple):
    """The subject of a query, as text and parsed, and its spelling corrections by the word that was typed."""

    subject: str
    text_query: TextQuery | None
    corrected: dict[str, str]


def _parse(ranking: Ranking, query: str, translation: Translation) -> _ParsedQuery:
    subject = subject_of(query)
    text_query = parse_query(subject)
    correctable = text_query is not None and not text_query.structured and translation.language.startswith("en")
    corrected = ranking.vocabulary.respelt(text_query) if text_query and correctable else {}
    for typed, meant in corrected.items():
        subject = re.sub(rf"\b{re.escape(typed)}\b", meant, subject)
    return _ParsedQuery(subject, parse_query(subject), corrected)


def _corrections(corrected: dict[str, str]) -> str | None:
    if not corrected:
        return None
    pairs = ", ".join(f"“{meant}” for “{typed}”" for typed, meant in corrected.items())
    return f"Searched {pairs}. Put it in quotation marks to search it as it is."


def _support(ranked: Ranked, verse_ids: list[int], ordered: frozenset[int]) -> dict[int, Why]:
    found = ranked.support(verse_ids)
    return {
        verse_id: Why(
            keyword_rank=each.words_rank,
            semantic_rank=each.meaning_rank,
            similarity=each.similarity,
            in_order=verse_id in ordered,
            linked=each.linked,
            topics=each.topics,
            voted_topic=each.voted_topic,
        )
        for verse_id, each in found.items()
    } | {verse_id: Why(in_order=True) for verse_id in verse_ids if verse_id in ordered and verse_id not in found}


def _in_order(ranked: Ranked, query: str) -> list[int]:
    """Verses that have most of a longer query's words in their order, in any of the texts that are searched."""
    if len(words_of(query)) < FEWEST_WORDS:
        return []
    return [each.verse_id for each in words_in_order(query, ranked.best_by_words(ORDERED))]


def fuse_words_and_meaning(
    database: Database,
    embedder: Embedder,
    query: str,
    text_query: TextQuery | None,
    translation: Translation,
    span: Span,
) -> Found:
    """Words and meaning without a learned ranking, for a library that it was not made for. Raises Unavailable."""
    words = keyword(database, text_query, translation, span, DEPTH, loose=True)
    meaning = by_meaning(database.reader, embedder.embed([query])[0], span, MEANING_DEPTH)
    ranked = fuse(words, [verse_id for verse_id, _ in meaning])
    return Found(ranked=ranked, why=reasons(words, meaning), marked=text_query.words if text_query else ())


def keyword(
    database: Database,
    query: TextQuery | None,
    translation: Translation,
    span: Span,
    depth: int,
    *,
    loose: bool = False,
) -> list[int]:
    """Verse ids of the hub by BM25, best first."""
    if query is None:
        return []
    numbers = numbering(translation.versification)
    wide = Span(span.first - NUMBERING_SHIFT, span.last + NUMBERING_SHIFT) if numbers.differs else span
    found = map(numbers.to_hub, by_words(database.reader, query, translation.id, wide, depth, loose=loose))
    return [verse for verse in dict.fromkeys(found) if span.first <= verse <= span.last]


def reasons(words: list[int], meaning: list[tuple[int, float]]) -> Callable[[list[int]], dict[int, Why]]:
    """Why verses were found, by their places in two lists."""
    word_ranks = {verse_id: rank for rank, verse_id in enumerate(words, start=1)}
    likeness = {verse_id: (rank, similarity) for rank, (verse_id, similarity) in enumerate(meaning, start=1)}

    def why(verse_ids: list[int]) -> dict[int, Why]:
        found = {}
        for verse_id in verse_ids:
            rank, similarity = likeness.get(verse_id, (None, None))
            found[verse_id] = Why(
                keyword_rank=word_ranks.get(verse_id),
                semantic_rank=rank,
                similarity=round(similarity, 4) if similarity is not None else None,
            )
        return found

    return why
