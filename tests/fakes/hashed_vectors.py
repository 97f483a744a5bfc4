"""An embedder without a model. It computes a text's vector from the letters, so that equal texts have equal vectors."""

import hashlib
from collections.abc import Sequence

import numpy as np

from appliance.scripture.translations.store import EMBEDDING_DIMENSIONS


class HashedVectors:
    """The embedder. It remembers the texts that were embedded, in order."""

    def __init__(self, model: str = "all-MiniLM-L6-v2") -> None:
        self.model = model
        self.embedded: list[str] = []

    def embed(self, texts: Sequence[str]) -> list[bytes]:
        self.embedded += texts
        return [_vector(text) for text in texts]

    def prepare(self) -> None:
        """Do nothing: there is no model to load."""


def _vector(text: str) -> bytes:
    seed = int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest())
    vector = np.random.default_rng(seed).standard_normal(EMBEDDING_DIMENSIONS).astype("<f4")
    unit: np.ndarray = vector / np.linalg.norm(vector)
    return unit.tobytes()
