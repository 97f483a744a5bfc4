"""Hybrid search: the learned ranking if the library is ready for it, otherwise a fusion of words and meaning."""

import re
from typing import NamedTuple

from appliance.errors import Unavailable
from appliance.infrastructure.database import Database
from appliance.scripture.search.candidates import Candidates, explain_by_ranks
from appliance.scripture.search.fts import TextQuery
from appliance.scripture.search.fusion import fuse
from appliance.scripture.search.in_order import MIN_WORDS, words_in_order, words_of
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

# For each translation, this many of the best verses by words are checked for the words in the same order.
ORDER_DEPTH = 60


class _Question(NamedTuple):
    """A query without its question phrase: its subject as text, and the parsed words of the subject."""

    subject: str
    words: TextQuery | None


def find(library: Database, request: Request, meaning: MeaningIndex, ranker: CurrentRanker) -> Candidates:
    """Return the best verses first. A notice says what could not be searched. Raises QueryRefused."""
    question = _question(request)
    words = question.words
    if words and words.excludes:
        matches = search_words(library, words, request.translation, request.verses, request.depth)
        return candidates_by_words(words, matches, "The query excludes words, so search by meaning was not used.")
    notice = meaning.language_notice(request.translation)
    matches = _matches_in_translation(library, question, request) if notice else []
    if matches:
        # If the query is in another language, the ranking model is no better than chance.
        return candidates_by_words(words, matches, notice)
    try:
        candidates = _ranked_or_fused(library, request, question, meaning.embedder(), ranker)
    except Unavailable as error:
        matches = search_words(
            library, words, request.translation, request.verses, semantic.DEPTH, loose=notice is None
        )
        return candidates_by_words(words, matches, f"{error.message} These results were found by words only.")
    return candidates.with_notice(notice)


def features(library: Database, request: Request, meaning: MeaningIndex, ranker: CurrentRanker) -> FeatureTable:
    """Return the features of a query for the ranking model. Raises QueryRefused, MeaningUnavailable, RankerUnavailable."""
    embedder = meaning.embedder()
    current = ranker.current(embedder.model)
    question, _corrections = _corrected(current, _question(request), request)
    return current.features(
        library.reader, question.words, lambda: embedder.embed([question.subject])[0], request.verses
    )


def _question(request: Request) -> _Question:
    subject = subject_of(request.text)
    return _Question(subject, parse(subject, request.text))


def _matches_in_translation(library: Database, question: _Question, request: Request) -> list[int]:
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
    """Fuse words and meaning without the learned ranking, for a library that the ranking model does not support."""
    words = search_words(library, question.words, request.translation, request.verses, DEPTH, loose=True)
    nearest = nearest_verses(library.reader, embedder.embed([request.text])[0], request.verses, semantic.DEPTH)
    return Candidates(
        ranked=fuse(words, [verse_id for verse_id, _ in nearest]),
        explain=explain_by_ranks(words, nearest),
        marked_words=question.words.words if question.words else (),
    )


def _ranked(library: Database, request: Request, question: _Question, embedder: Embedder, ranker: Ranker) -> Candidates:
    """Return the results of the learned ranking."""
    question, corrections = _corrected(ranker, question, request)
    words, translation, verses = question.words, request.translation, request.verses
    ranked = ranker.rank(library.reader, words, lambda: embedder.embed([question.subject])[0], verses)
    scores = dict(zip(ranked.verse_ids, ranked.scores, strict=True))
    # Verses that match a phrase or an operator come first, as in a search by words only.
    exact = search_words(library, words, translation, verses, DEPTH) if words and words.structured else []
    in_order = [] if exact else _in_order(ranked, request.text)
    first_verses = dict.fromkeys([*in_order, *exact])
    best_score = max(ranked.scores, default=0.0)
    order = [(verse, best_score) for verse in first_verses]
    order += [pair for pair in scores.items() if pair[0] not in first_verses]
    if translation.id not in {text.id for text in ranker.knowledge.texts if text}:
        # The reader's translation may have other words and other verses than the translations that the ranker uses.
        matches = search_words(library, words, translation, verses, DEPTH, loose=True)
        order += [(verse, 0.0) for verse in matches if verse not in first_verses and verse not in scores]
    return Candidates(
        ranked=order,
        explain=lambda verse_ids: ranked.explain(verse_ids, in_order=frozenset(in_order)),
        marked_words=words.words if words else (),
        notice=_correction_notice(corrections),
    )


def _corrected(ranker: Ranker, question: _Question, request: Request) -> tuple[_Question, dict[str, str]]:
    """Return the question with misspelt words corrected, and the correction of each misspelt word."""
    words = question.words
    if words is None or words.structured or not request.translation.language.startswith("en"):
        return question, {}
    corrections = ranker.vocabulary.corrections(words)
    if not corrections:
        return question, {}
    subject = question.subject
    for typed, correction in corrections.items():
        subject = re.sub(rf"\b{re.escape(typed)}\b", correction, subject)
    return _Question(subject, words.corrected(corrections)), corrections


def _correction_notice(corrections: dict[str, str]) -> str | None:
    if not corrections:
        return None
    pairs = ", ".join(f"“{correction}” instead of “{typed}”" for typed, correction in corrections.items())
    return f"Showing results for {pairs}. To search for a word exactly as typed, put it in quotation marks."


def _in_order(ranked: Ranked, text: str) -> list[int]:
    """Return verses that contain most words of a longer query in the same order, in any of the ranker's translations."""
    if len(words_of(text)) < MIN_WORDS:
        return []
    return [match.verse_id for match in words_in_order(text, ranked.best_by_words(ORDER_DEPTH))]
