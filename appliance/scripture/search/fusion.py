"""Reciprocal rank fusion combines several rankings into one ranking.

Cormack, Clarke and Büttcher, "Reciprocal rank fusion outperforms Condorcet and individual rank learning methods",
SIGIR 2009: score = Σ 1 / (k + rank), k = 60.
"""

from collections.abc import Sequence

RRF_K = 60


def fuse(*rankings: Sequence[int]) -> list[tuple[int, float]]:
    """Return pairs (verse id, score), best first. Verses with the same score are in canonical order."""
    scores: dict[int, float] = {}
    for ranking in rankings:
        for rank, verse_id in enumerate(ranking, start=1):
            scores[verse_id] = scores.get(verse_id, 0.0) + 1.0 / (RRF_K + rank)
    return sorted(scores.items(), key=lambda item: (-item[1], item[0]))
