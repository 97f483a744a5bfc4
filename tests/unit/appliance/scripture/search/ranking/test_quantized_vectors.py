"""Likeness from a byte a dimension."""

import numpy as np

from appliance.infrastructure.arrays import Floats
from appliance.scripture.search.ranking.quantized_vectors import quantized

RANDOM = np.random.default_rng(7)


def unit(rows: int) -> Floats:
    vectors = RANDOM.standard_normal((rows, 384)).astype(np.float32)
    of_length_one: Floats = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return of_length_one


def test_cosines_are_off_by_a_few_thousandths_at_the_most() -> None:
    vectors, queries = unit(3_000), unit(2)

    found = quantized(vectors).dot_products(*queries)

    np.testing.assert_allclose(np.stack(found), queries @ vectors.T, atol=4e-3)


def test_the_length_of_vectors_counts_and_one_of_nothing_is_like_nothing() -> None:
    vectors = unit(2) * np.array([[5.0], [0.0]], dtype=np.float32)

    (found,) = quantized(vectors).dot_products(vectors[0] * 2)

    np.testing.assert_allclose(found, [50.0, 0.0], rtol=0.01)


def test_of_no_vectors_there_are_no_products() -> None:
    assert [0, 0] == [len(each) for each in quantized(np.zeros((0, 384), np.float32)).dot_products(*unit(2))]
