"""Finds the verses with the highest cosine similarity to a vector, with sqlite-vec."""

from appliance.infrastructure.database import Reader
from appliance.scripture.canon import WHOLE_CANON, VerseRange
from appliance.scripture.translations.store import VERSE_VECTORS


def nearest_verses(reader: Reader, vector: bytes, verses: VerseRange, limit: int) -> list[tuple[int, float]]:
    """Return pairs (verse id, cosine similarity) from the translation that has vectors, best first."""
    if verses == WHOLE_CANON:
        return VERSE_VECTORS.nearest(reader, vector, limit)
    return VERSE_VECTORS.nearest_within(reader, vector, limit, verses.start, verses.end)
