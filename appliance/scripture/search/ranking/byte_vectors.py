"""Vectors of one byte a dimension, for likeness to all verses at once.

What such products cost is to read the vectors: a byte a dimension is a quarter of it. Each vector has a scale of its own, so
that a cosine is off by less than a hundredth, and a thousandth as a rule.
"""

from typing import Any

import numpy as np
import simsimd
from numpy.typing import NDArray

MOST = 127


class ByteVectors:
    """Vectors rounded to whole numbers from -127 to 127, times a scale each."""

    def __init__(self, vectors: NDArray[np.floating[Any]]) -> None:
        """Of shape (vectors, dimensions)."""
        self._rows, self._scales = _rounded(vectors)

    def products(self, *vectors: NDArray[np.floating[Any]]) -> list[NDArray[np.float32]]:
        """The products of all rows with each of some vectors."""
        if not len(self._rows):
            return [np.zeros(0, dtype=np.float32) for _ in vectors]
        rounded, scales = _rounded(np.stack(vectors))
        products = np.asarray(simsimd.cdist(rounded, self._rows, metric="dot"))
        return [
            (product * (self._scales * scale)).astype(np.float32)
            for product, scale in zip(products, scales, strict=True)
        ]


def _rounded(vectors: NDArray[np.floating[Any]]) -> tuple[NDArray[np.int8], NDArray[np.float64]]:
    scales = np.abs(vectors).max(axis=-1, initial=0.0).astype(np.float64) / MOST
    scales[scales == 0] = 1.0
    return np.rint(vectors / scales[:, None]).astype(np.int8), scales
