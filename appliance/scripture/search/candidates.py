"""What each mode of search gives: verses in order, and why each of them is there."""

from collections.abc import Callable, Sequence

import msgspec

from appliance.scripture.search.highlight import Highlights
from appliance.scripture.search.hits import Why

Explain = Callable[[list[int]], dict[int, Why]]


class Candidates(msgspec.Struct, frozen=True, kw_only=True):
    """Verses of the hub with their scores, best first.

    `explain` says why each of some verses is there. `marks` says where some verses are marked; in others, the forms of
    `marked_words` are. `notice` is what a reader should know.
    """

    ranked: list[tuple[int, float]]
    explain: Explain
    marks: Callable[[list[int]], dict[int, Highlights]] = lambda _verse_ids: {}
    marked_words: tuple[str, ...] = ()
    notice: str | None = None

    def with_notice(self, more: str | None) -> "Candidates":
        """The same with one more thing to know."""
        return msgspec.structs.replace(self, notice=" ".join(filter(None, (self.notice, more))) or None)


def explain_by_places(by_words: Sequence[int] = (), by_meaning: Sequence[tuple[int, float]] = ()) -> Explain:
    """Why verses are there: their places in a list by words, and in one by meaning with its cosine similarities."""
    word_places = {verse_id: place for place, verse_id in enumerate(by_words, start=1)}
    meaning_places = {verse_id: (place, cosine) for place, (verse_id, cosine) in enumerate(by_meaning, start=1)}

    def explain(verse_ids: list[int]) -> dict[int, Why]:
        return {verse_id: _why(word_places.get(verse_id), meaning_places.get(verse_id)) for verse_id in verse_ids}

    return explain


def _why(word_place: int | None, meaning_place: tuple[int, float] | None) -> Why:
    place, similarity = meaning_place or (None, None)
    return Why(
        keyword_rank=word_place,
        semantic_rank=place,
        similarity=round(similarity, 4) if similarity is not None else None,
    )
