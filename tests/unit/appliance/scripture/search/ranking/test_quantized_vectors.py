"""Dot products of vectors with one byte per dimension."""

import numpy as np

from appliance.infrastructure.arrays import Floats
from appliance.scripture.search.ranking.quantized_vectors import quantized

RANDOM = np.random.default_rng(7)


def unit(rows: int) -> Floats:
    vectors = RANDOM.standard_normal((rows, 384)).astype(np.float32)
    normalized: Floats = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return normalized


def test_the_error_of_cosines_is_at_most_a_few_thousandths() -> None:
    vectors, queries = unit(3_000), unit(2)

    products = quantized(vectors).dot_products(*queries)

    np.testing.assert_allclose(np.stack(products), queries @ vectors.T, atol=4e-3)


def test_products_depend_on_length_and_are_zero_for_a_zero_vector() -> None:
    vectors = unit(2) * np.array([[5.0], [0.0]], dtype=np.float32)

    (products,) = quantized(vectors).dot_products(vectors[0] * 2)

    np.testing.assert_allclose(products, [50.0, 0.0], rtol=0.01)


def test_without_vectors_there_are_no_products() -> None:
    assert [0, 0] == [len(products) for products in quantized(np.zeros((0, 384), np.float32)).dot_products(*unit(2))]
