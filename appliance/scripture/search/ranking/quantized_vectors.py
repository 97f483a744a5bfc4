"""Vectors that are quantized to one byte per dimension, so that a query can be compared with all verses.

Most of the time of these products is for reading the vectors. With one byte per dimension, the vectors have a quarter of the
data. Each vector has its own scale. The error of a cosine is less than 0.01, and usually about 0.001.
"""

import msgspec
import numpy as np
import simsimd

from appliance.infrastructure.arrays import Floats, Integers

INT8_MAX = 127
# The maximum error of a cosine that is computed from quantized vectors.
MAX_ROUNDING = 0.01


class QuantizedVectors(msgspec.Struct, frozen=True):
    """Vectors rounded to integers from -127 to 127, with one scale per vector."""

    rows: Integers
    scales: Floats

    def dot_products(self, *vectors: Floats) -> list[Floats]:
        """Return the dot products of all rows with each of these vectors."""
        if not len(self.rows):
            return [np.zeros(0, dtype=np.float32) for _ in vectors]
        rounded, scales = _rounded(np.stack(vectors))
        # The rows are the first argument, so that each row is read once for all vectors. They do not fit into the CPU cache.
        products = np.asarray(simsimd.cdist(self.rows, rounded, metric="dot"))
        return [
            (product * (self.scales * scale)).astype(np.float32)
            for product, scale in zip(products.T, scales, strict=True)
        ]


def quantized(vectors: Floats) -> QuantizedVectors:
    """Quantize vectors of shape (vectors, dimensions)."""
    return QuantizedVectors(*_rounded(vectors))


def _rounded(vectors: Floats) -> tuple[Integers, Floats]:
    scales = np.maximum(vectors.max(axis=-1), -vectors.min(axis=-1)).astype(np.float32) / INT8_MAX
    scales[scales == 0] = 1.0
    rounded = vectors * (1.0 / scales)[:, None]
    return np.rint(rounded, out=rounded).astype(np.int8), scales
