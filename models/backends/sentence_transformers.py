"""Embeddings by sentence-transformers on torch: the reference that the ONNX backend is made from and held against."""

from pathlib import Path

import numpy as np

from models.errors import ModelUnavailable

BATCH = 64


class SentenceTransformersBackend:
    """A sentence-transformers folder on the CPU."""

    def __init__(self, folder: Path, threads: int) -> None:
        try:
            import torch
            from sentence_transformers import SentenceTransformer
        except ImportError as error:
            raise ModelUnavailable(
                f"{error.name} is not installed. Run `pip install 'lampstand[embedding]'`."
            ) from error
        torch.set_num_threads(threads)
        self._model = SentenceTransformer(str(folder), device="cpu", local_files_only=True)

    def embed(self, texts: list[str]) -> list[bytes]:
        vectors = self._model.encode(texts, batch_size=BATCH, normalize_embeddings=True, show_progress_bar=False)
        return [np.asarray(vector, dtype="<f4").tobytes() for vector in vectors]
