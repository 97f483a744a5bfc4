"""Embeddings by ONNX Runtime, from the file that `onnx_export` makes of the torch model at first use."""

from pathlib import Path

import msgspec
import numpy as np

from models.backends import LoadOptions
from models.errors import ModelUnavailable
from models.formats.folder import MANIFEST, Manifest

# Tokens a forward pass, padding counted: larger ones fall out of the processor's cache.
BATCH_TOKENS = 1024
MAX_TOKENS = 256


class OnnxBackend:
    """An exported folder: the graph with pooling and normalisation inside, its tokenizer, its manifest."""

    def __init__(self, options: LoadOptions) -> None:
        try:
            import onnxruntime
            from tokenizers import Tokenizer
        except ImportError as error:
            raise ModelUnavailable(
                f"{error.name} is not installed. Run `pip install 'lampstand[embedding]'`."
            ) from error
        folder = Path(options.path)
        self.manifest = msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Manifest)
        session = onnxruntime.SessionOptions()
        session.intra_op_num_threads = options.threads
        session.inter_op_num_threads = 1
        # A spinning pool would take the cores from the request path between passes.
        session.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(
            str(folder / self.manifest.file), session, providers=["CPUExecutionProvider"]
        )
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.enable_truncation(MAX_TOKENS)
        self._tokenizer.no_padding()

    def embed(self, texts: list[str]) -> tuple[list[bytes], int]:
        encodings = self._tokenizer.encode_batch(texts)
        order = sorted(range(len(texts)), key=lambda index: len(encodings[index].ids))
        vectors: list[bytes] = [b""] * len(texts)
        at = 0
        while at < len(order):
            end = at + 1
            while end < len(order) and (end + 1 - at) * len(encodings[order[end]].ids) <= BATCH_TOKENS:
                end += 1
            batch = order[at:end]
            for index, vector in zip(batch, self._forward([encodings[i].ids for i in batch]), strict=True):
                vectors[index] = np.asarray(vector, dtype="<f4").tobytes()
            at = end
        return vectors, sum(len(encoding.ids) for encoding in encodings)

    def _forward(self, rows: list[list[int]]) -> np.ndarray:
        longest = max(map(len, rows))
        ids = np.zeros((len(rows), longest), dtype=np.int64)
        mask = np.zeros((len(rows), longest), dtype=np.int64)
        for row, tokens in enumerate(rows):
            ids[row, : len(tokens)] = tokens
            mask[row, : len(tokens)] = 1
        (output,) = self._session.run(None, {"input_ids": ids, "attention_mask": mask})
        return np.asarray(output)
