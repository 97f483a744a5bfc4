"""The recorded vectors belong to the packaged weights, and there is one per sentence."""

import numpy as np

from models.backends.reference import FILE, SENTENCES, read_reference
from models.catalogue.packaged import MINILM_SHA256


def test_each_sentence_has_a_vector_of_the_packaged_weights() -> None:
    reference = read_reference()

    assert MINILM_SHA256 == reference.weights_sha256
    assert (len(SENTENCES), 384) == reference.vectors.shape
    assert np.allclose(1.0, np.linalg.norm(reference.vectors, axis=1), atol=1e-6)
    # The sentences differ, so all vectors differ.
    assert np.max(reference.vectors @ reference.vectors.T - np.eye(len(SENTENCES))) < 0.9


def test_the_file_is_small() -> None:
    assert FILE.stat().st_size < 50_000
