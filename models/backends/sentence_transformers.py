"""Embeddings and reranking with sentence-transformers on torch.

The vectors of the ONNX backend are compared with the vectors of this backend.
"""

from typing import Any

import numpy as np

from models.backends import LoadOptions
from models.errors import ModelUnavailable

BATCH = 64


class SentenceTransformersBackend:
    """An embedding model in a sentence-transformers folder."""

    def __init__(self, options: LoadOptions) -> None:
        library = _prepare(options)
        try:
            self._model = library.SentenceTransformer(options.path, device=_device(options), local_files_only=True)
        except (OSError, ValueError, RuntimeError) as error:
            raise ModelUnavailable(f"sentence-transformers cannot load {options.path}: {error}") from error

    def embed(self, texts: list[str]) -> tuple[list[bytes], int]:
        vectors = self._model.encode(texts, batch_size=BATCH, normalize_embeddings=True, show_progress_bar=False)
        return [np.asarray(vector, dtype="<f4").tobytes() for vector in vectors], _count(self._model.tokenizer, texts)


class CrossEncoderBackend:
    """A cross-encoder. It reads a query and a document together, and scores how well the document answers the query."""

    def __init__(self, options: LoadOptions) -> None:
        library = _prepare(options)
        try:
            self._model = library.CrossEncoder(options.path, device=_device(options), local_files_only=True)
        except (OSError, ValueError, RuntimeError) as error:
            raise ModelUnavailable(f"sentence-transformers cannot load {options.path}: {error}") from error

    def rerank(self, query: str, documents: list[str]) -> tuple[list[float], int]:
        pairs = [(query, document) for document in documents]
        scores = self._model.predict(pairs, batch_size=BATCH, show_progress_bar=False)
        tokens = _count(self._model.tokenizer, documents) + len(documents) * _count(self._model.tokenizer, [query])
        return [float(score) for score in np.asarray(scores).reshape(len(documents), -1)[:, -1]], tokens


def _prepare(options: LoadOptions) -> Any:
    try:
        import sentence_transformers
        import torch
    except ImportError as error:
        raise ModelUnavailable(f"{error.name} is not installed. `./packaging/run.sh --torch` installs it.") from error
    torch.set_num_threads(options.threads)
    return sentence_transformers


def _device(options: LoadOptions) -> str:
    return "cuda:0" if options.gpu_layers else "cpu"


def _count(tokenizer: Any, texts: list[str]) -> int:
    return sum(len(ids) for ids in tokenizer(texts, truncation=True)["input_ids"])
