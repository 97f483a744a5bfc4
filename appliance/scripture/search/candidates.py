"""The result of each search mode: ranked verses, and the reason for each verse."""

from collections.abc import Callable, Sequence

import msgspec

from appliance.scripture.search.highlight import Highlights
from appliance.scripture.search.hits import Why

Explain = Callable[[list[int]], dict[int, Why]]


class Candidates(msgspec.Struct, frozen=True, kw_only=True):
    """Verses in the hub versification with their scores, best first.

    `explain` returns the reasons for some verses. `marks` returns the highlights of some verses. In verses without such
    highlights, the forms of `marked_words` are highlighted. `notice` is a message for the reader.
    """

    ranked: list[tuple[int, float]]
    explain: Explain
    marks: Callable[[list[int]], dict[int, Highlights]] = lambda _verse_ids: {}
    marked_words: tuple[str, ...] = ()
    notice: str | None = None

    def with_notice(self, notice: str | None) -> "Candidates":
        """Return a copy with another sentence added to the notice."""
        return msgspec.structs.replace(self, notice=" ".join(filter(None, (self.notice, notice))) or None)


def explain_by_ranks(by_words: Sequence[int] = (), by_meaning: Sequence[tuple[int, float]] = ()) -> Explain:
    """Explain verses by their rank among matches by words, and by their rank and similarity among matches by meaning."""
    word_ranks = {verse_id: rank for rank, verse_id in enumerate(by_words, start=1)}
    meaning_ranks = {verse_id: (rank, cosine) for rank, (verse_id, cosine) in enumerate(by_meaning, start=1)}

    def explain(verse_ids: list[int]) -> dict[int, Why]:
        return {verse_id: _why(word_ranks.get(verse_id), meaning_ranks.get(verse_id)) for verse_id in verse_ids}

    return explain


def _why(keyword_rank: int | None, meaning_rank: tuple[int, float] | None) -> Why:
    semantic_rank, similarity = meaning_rank or (None, None)
    return Why(
        keyword_rank=keyword_rank,
        semantic_rank=semantic_rank,
        similarity=round(similarity, 4) if similarity is not None else None,
    )
