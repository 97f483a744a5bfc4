"""Vectors quantized to a byte a dimension, for likeness to all verses at once.

What such products cost is to read the vectors: a byte a dimension is a quarter of it. Each vector has a scale of its own, so
that a cosine is off by less than a hundredth, and a thousandth as a rule.
"""

from typing import Any

import numpy as np
import simsimd
from numpy.typing import NDArray

INT8_MAX = 127


class QuantizedVectors:
    """Vectors rounded to whole numbers from -127 to 127, times a scale each."""

    def __init__(self, vectors: NDArray[np.floating[Any]]) -> None:
        """Of shape (vectors, dimensions)."""
        self._rows, self._scales = _quantized(vectors)

    def dot_products(self, *vectors: NDArray[np.floating[Any]]) -> list[NDArray[np.float32]]:
        """The products of all rows with each of some vectors."""
        if not len(self._rows):
            return [np.zeros(0, dtype=np.float32) for _ in vectors]
        rounded, scales = _quantized(np.stack(vectors))
        products = np.asarray(simsimd.cdist(rounded, self._rows, metric="dot"))
        return [
            (product * (self._scales * scale)).astype(np.float32)
            for product, scale in zip(products, scales, strict=True)
        ]


def _quantized(vectors: NDArray[np.floating[Any]]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    scales = np.maximum(vectors.max(axis=-1), -vectors.min(axis=-1)).astype(np.float32) / INT8_MAX
    scales[scales == 0] = 1.0
    rounded = vectors * (1.0 / scales)[:, None]
    return np.rint(rounded, out=rounded).astype(np.int8), scales
