"""Search by everything at once: the learned ranking where the library is ready for it, words and meaning fused where not."""

import re
from typing import NamedTuple

from appliance.errors import Unavailable
from appliance.infrastructure.database import Database
from appliance.scripture.search.candidates import Candidates, explain_by_places
from appliance.scripture.search.fts import TextQuery
from appliance.scripture.search.fusion import fuse
from appliance.scripture.search.in_order import FEWEST_WORDS, words_in_order, words_of
from appliance.scripture.search.meaning import MeaningIndex
from appliance.scripture.search.modes import semantic
from appliance.scripture.search.modes.keyword import candidates_by_words, parse
from appliance.scripture.search.ports import Embedder
from appliance.scripture.search.ranking.current import CurrentRanker, RankerUnavailable
from appliance.scripture.search.ranking.ranker import FeatureTable, Ranked, Ranker
from appliance.scripture.search.request import Request
from appliance.scripture.search.vector_search import nearest_verses
from appliance.scripture.search.word_search import DEPTH, search_words
from appliance.scripture.search.wording import subject_of

# Of how many of the best by words the order is looked at, a text at a time.
ORDERED = 60


class _Question(NamedTuple):
    """What a query is about, without the frame that every question has: as text, and as words."""

    subject: str
    words: TextQuery | None


def find(library: Database, request: Request, meaning: MeaningIndex, ranker: CurrentRanker) -> Candidates:
    """The best verses first; a notice says what could not be searched. Raises QueryRefused."""
    question = _question(request)
    words = question.words
    if words and words.excludes:
        matches = search_words(library, words, request.translation, request.verses, request.depth)
        return candidates_by_words(words, matches, "Words are excluded, so meaning was not searched.")
    notice = meaning.language_notice(request.translation)
    own_words = _own_words(library, question, request) if notice else []
    if own_words:
        # A model of one language ranks a query of another no better than chance.
        return candidates_by_words(words, own_words, notice)
    try:
        candidates = _ranked_or_fused(library, request, question, meaning.embedder(), ranker)
    except Unavailable as error:
        loose = search_words(library, words, request.translation, request.verses, semantic.DEPTH, loose=notice is None)
        return candidates_by_words(words, loose, f"{error.message} These results match by words only.")
    return candidates.with_notice(notice)


def features(library: Database, request: Request, meaning: MeaningIndex, ranker: CurrentRanker) -> FeatureTable:
    """The features of a query for the ranking model. Raises QueryRefused, MeaningUnavailable, RankerUnavailable."""
    embedder = meaning.embedder()
    current = ranker.current(embedder.model)
    question, _corrections = _corrected(current, _question(request), request)
    return current.features(
        library.reader, question.words, lambda: embedder.embed([question.subject])[0], request.verses
    )


def _question(request: Request) -> _Question:
    subject = subject_of(request.text)
    return _Question(subject, parse(subject, request.text))


def _own_words(library: Database, question: _Question, request: Request) -> list[int]:
    return search_words(library, question.words, request.translation, request.verses, semantic.DEPTH)


def _ranked_or_fused(
    library: Database, request: Request, question: _Question, embedder: Embedder, ranker: CurrentRanker
) -> Candidates:
    try:
        current = ranker.current(embedder.model)
    except RankerUnavailable as error:
        fused = _fused(library, request, question, embedder)
        return fused.with_notice(f"{error.message} These results are ordered by words and meaning only.")
    return _ranked(library, request, question, embedder, current)


def _fused(library: Database, request: Request, question: _Question, embedder: Embedder) -> Candidates:
    """Words and meaning without a learned ranking, for a library that it was not made for."""
    words = search_words(library, question.words, request.translation, request.verses, DEPTH, loose=True)
    nearest = nearest_verses(library.reader, embedder.embed([request.text])[0], request.verses, semantic.DEPTH)
    return Candidates(
        ranked=fuse(words, [verse_id for verse_id, _ in nearest]),
        explain=explain_by_places(words, nearest),
        marked_words=question.words.words if question.words else (),
    )


def _ranked(library: Database, request: Request, question: _Question, embedder: Embedder, ranker: Ranker) -> Candidates:
    """What the learned ranking finds."""
    question, corrections = _corrected(ranker, question, request)
    words, translation, verses = question.words, request.translation, request.verses
    ranked = ranker.rank(library.reader, words, lambda: embedder.embed([question.subject])[0], verses)
    scores = dict(zip(ranked.verse_ids, ranked.scores, strict=True))
    # What a phrase or an operator asks for goes before all others, as it would by words alone.
    exact = search_words(library, words, translation, verses, DEPTH) if words and words.structured else []
    in_order = [] if exact else _in_order(ranked, request.text)
    first = dict.fromkeys([*in_order, *exact])
    best = max(ranked.scores, default=0.0)
    order = [(verse, best) for verse in first] + [pair for pair in scores.items() if pair[0] not in first]
    if translation.id not in {text.id for text in ranker.knowledge.texts if text}:
        # Its words and its verses may be others than those that are ranked.
        own = search_words(library, words, translation, verses, DEPTH, loose=True)
        order += [(verse, 0.0) for verse in own if verse not in first and verse not in scores]
    return Candidates(
        ranked=order,
        explain=lambda verse_ids: ranked.explain(verse_ids, in_order=frozenset(in_order)),
        marked_words=words.words if words else (),
        notice=_correction_notice(corrections),
    )


def _corrected(ranker: Ranker, question: _Question, request: Request) -> tuple[_Question, dict[str, str]]:
    """The question with the words that are meant for misspelt ones; these by what was typed."""
    words = question.words
    if words is None or words.structured or not request.translation.language.startswith("en"):
        return question, {}
    corrections = ranker.vocabulary.respelt(words)
    if not corrections:
        return question, {}
    subject = question.subject
    for typed, meant in corrections.items():
        subject = re.sub(rf"\b{re.escape(typed)}\b", meant, subject)
    return _Question(subject, words.respelt(corrections)), corrections


def _correction_notice(corrections: dict[str, str]) -> str | None:
    if not corrections:
        return None
    pairs = ", ".join(f"“{meant}” for “{typed}”" for typed, meant in corrections.items())
    return f"Searched {pairs}. Put it in quotation marks to search it as it is."


def _in_order(ranked: Ranked, text: str) -> list[int]:
    """Verses that have most of a longer query's words in their order, in any of the texts that are searched."""
    if len(words_of(text)) < FEWEST_WORDS:
        return []
    return [match.verse_id for match in words_in_order(text, ranked.best_by_words(ORDERED))]
