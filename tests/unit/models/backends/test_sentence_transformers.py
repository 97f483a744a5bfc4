"""Embedding and reranking with sentence-transformers. The library is simulated: its models count the words of a text."""

from collections.abc import Callable, Sequence

import msgspec
import numpy as np
import pytest
from fakes.libraries import hide_library, install_library

from models.backends import LoadOptions
from models.backends.sentence_transformers import CrossEncoderBackend, SentenceTransformersBackend
from models.errors import ModelUnavailable

OPTIONS = LoadOptions(path="/models/small", threads=3)
MAX_TOKENS = 6

Backend = SentenceTransformersBackend | CrossEncoderBackend
Load = Callable[[LoadOptions], Backend]
BACKENDS: list[Load] = [SentenceTransformersBackend, CrossEncoderBackend]


class Library:
    """The state of the simulated libraries. Each score of a document has `labels` numbers, and the last one counts."""

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.device = ""
        self.threads = 0
        self.labels = 1

    def load(self, _path: str, device: str, *, local_files_only: bool) -> None:
        assert local_files_only
        self.device = device
        if self.error:
            raise self.error

    def set_num_threads(self, threads: int) -> None:
        self.threads = threads


class FakeModel:
    """A sentence transformer and a cross-encoder: its numbers are counts of words."""

    def __init__(self, library: Library) -> None:
        self._library = library

    def tokenizer(self, texts: Sequence[str], *, truncation: bool) -> dict[str, list[list[int]]]:
        ids = [[len(word) for word in text.split()] for text in texts]
        return {"input_ids": [row[:MAX_TOKENS] if truncation else row for row in ids]}

    def encode(self, texts: Sequence[str], *, normalize_embeddings: bool, **_others: int) -> np.ndarray:
        vectors = np.array([[3.0 * len(text.split()), 4.0 * len(text.split())] for text in texts])
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True) if normalize_embeddings else vectors

    def predict(self, pairs: Sequence[tuple[str, str]], **_others: int) -> Sequence[object]:
        """Return the number of common words of each pair. Other labels have negative numbers."""
        counts = [float(len(set(query.split()) & set(document.split()))) for query, document in pairs]
        others = [-1.0] * (self._library.labels - 1)
        return [[*others, count] for count in counts] if others else counts


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> Library:
    library = Library()

    def load(path: str, device: str, *, local_files_only: bool) -> FakeModel:
        library.load(path, device, local_files_only=local_files_only)
        return FakeModel(library)

    install_library(monkeypatch, "sentence_transformers", {"SentenceTransformer": load, "CrossEncoder": load})
    install_library(monkeypatch, "torch", {"set_num_threads": library.set_num_threads})
    return library


def test_the_vector_of_each_text_is_normalised_and_has_four_bytes_per_number(library: Library) -> None:
    vectors, _ = SentenceTransformersBackend(OPTIONS).embed(["a lamp", "a lamp on a stand"])

    assert [np.array([0.6, 0.8], "<f4").tobytes()] * 2 == vectors


def test_the_tokens_that_the_model_reads_are_counted(library: Library) -> None:
    # The second text is truncated.
    _, tokens = SentenceTransformersBackend(OPTIONS).embed(["a lamp", "word " * 100])

    assert 2 + MAX_TOKENS == tokens


@pytest.mark.parametrize("labels", [1, 2, 3])
def test_each_document_gets_one_score_in_order(library: Library, labels: int) -> None:
    library.labels = labels
    scores, _ = CrossEncoderBackend(OPTIONS).rerank("a small lamp", ["no light", "a lamp", "a small lamp"])

    assert [0.0, 2.0, 3.0] == scores


def test_one_document_gets_one_score(library: Library) -> None:
    library.labels = 2

    assert [1.0] == CrossEncoderBackend(OPTIONS).rerank("lamp", ["a lamp"])[0]


def test_the_query_is_counted_once_per_document(library: Library) -> None:
    _, tokens = CrossEncoderBackend(OPTIONS).rerank("a small lamp", ["a lamp", "light", "word " * 100])

    assert (2 + 1 + MAX_TOKENS) + 3 * 3 == tokens


@pytest.mark.parametrize("load", BACKENDS)
@pytest.mark.parametrize(("gpu_layers", "device"), [((), "cpu"), ((1,), "cuda:0")])
def test_a_model_is_on_the_gpu_of_its_plan(
    library: Library, load: Load, gpu_layers: tuple[int, ...], device: str
) -> None:
    load(msgspec.structs.replace(OPTIONS, gpu_layers=gpu_layers))

    assert (device, 3) == (library.device, library.threads)


@pytest.mark.parametrize("load", BACKENDS)
@pytest.mark.parametrize("error", [OSError("no config.json"), ValueError("bad shape"), RuntimeError("CUDA error")])
def test_a_folder_that_cannot_be_loaded_is_reported_with_its_path_and_the_reason(
    library: Library, load: Load, error: Exception
) -> None:
    library.error = error

    with pytest.raises(ModelUnavailable, match=f"sentence-transformers cannot load /models/small: {error}"):
        load(OPTIONS)


@pytest.mark.parametrize("load", BACKENDS)
@pytest.mark.parametrize("missing", ["sentence_transformers", "torch"])
def test_a_missing_library_is_reported_with_a_command(
    library: Library, monkeypatch: pytest.MonkeyPatch, load: Load, missing: str
) -> None:
    hide_library(monkeypatch, missing)

    with pytest.raises(
        ModelUnavailable, match=rf"{missing} is not installed\. `\./packaging/run\.sh --torch` installs"
    ):
        load(OPTIONS)
