"""Vectors quantized to a byte a dimension, for likeness to all verses at once.

What such products cost is to read the vectors: a byte a dimension is a quarter of it. Each vector has a scale of its own, so
that a cosine is off by less than a hundredth, and a thousandth as a rule.
"""

import msgspec
import numpy as np
import simsimd

from appliance.infrastructure.arrays import Floats, Integers

INT8_MAX = 127
# How far a cosine by bytes may be from the true one.
MAX_ROUNDING = 0.01


class QuantizedVectors(msgspec.Struct, frozen=True):
    """Vectors rounded to whole numbers from -127 to 127, times a scale each."""

    rows: Integers
    scales: Floats

    def dot_products(self, *vectors: Floats) -> list[Floats]:
        """The products of all rows with each of some vectors."""
        if not len(self.rows):
            return [np.zeros(0, dtype=np.float32) for _ in vectors]
        rounded, scales = _rounded(np.stack(vectors))
        # The rows come first, so that each is read once for all vectors: they do not fit the processor's fast memory.
        products = np.asarray(simsimd.cdist(self.rows, rounded, metric="dot"))
        return [
            (product * (self.scales * scale)).astype(np.float32)
            for product, scale in zip(products.T, scales, strict=True)
        ]


def quantized(vectors: Floats) -> QuantizedVectors:
    """Vectors of shape (vectors, dimensions), quantized."""
    return QuantizedVectors(*_rounded(vectors))


def _rounded(vectors: Floats) -> tuple[Integers, Floats]:
    scales = np.maximum(vectors.max(axis=-1), -vectors.min(axis=-1)).astype(np.float32) / INT8_MAX
    scales[scales == 0] = 1.0
    rounded = vectors * (1.0 / scales)[:, None]
    return np.rint(rounded, out=rounded).astype(np.int8), scales
