"""Embeddings with ONNX Runtime. `onnx_export` builds the ONNX file from the weights once."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import numpy as np

from models.backends import LoadOptions
from models.errors import ModelUnavailable
from models.formats.folder import MANIFEST, Manifest

# Tokens per forward pass, including padding. Larger passes do not fit into the processor's cache.
BATCH_TOKENS = 256
MAX_TOKENS = 256
# The fixed time of a forward pass, as a number of tokens. Measured: 0.7 ms per pass, and 0.05 ms per token.
PASS_TOKENS = 14


class OnnxBackend:
    """An exported folder: the graph with pooling and normalisation, its tokenizer, its manifest."""

    pass_tokens = BATCH_TOKENS

    def __init__(self, options: LoadOptions) -> None:
        try:
            import onnxruntime
            from tokenizers import Tokenizer
        except ImportError as error:
            raise ModelUnavailable(f"{error.name} is not installed. `./packaging/run.sh` installs it.") from error
        folder = Path(options.path)
        self.manifest = msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Manifest)
        # Threads that share a pass wait for each other after every operation. If the cores are busy, they wait longer. So
        # each thread computes its own passes.
        self.passes = options.threads
        session = onnxruntime.SessionOptions()
        session.intra_op_num_threads = session.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(
            str(folder / self.manifest.file),
            session,
            providers=["CPUExecutionProvider"],
            # This optimizer is off: its fused kernel takes five times as long as the two operations that it replaces.
            disabled_optimizers=["SkipLayerNormFusion"],
        )
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.enable_truncation(MAX_TOKENS)
        self._tokenizer.no_padding()

    def embed(self, texts: list[str]) -> tuple[list[bytes], int]:
        rows = [self._tokenizer.encode(text).ids for text in texts]
        vectors: list[bytes] = [b""] * len(texts)
        for batch in batches([len(row) for row in rows]):
            for index, vector in zip(batch, self._forward([rows[index] for index in batch]), strict=True):
                vectors[index] = np.asarray(vector, dtype="<f4").tobytes()
        return vectors, sum(map(len, rows))

    def _forward(self, rows: list[list[int]]) -> np.ndarray:
        longest = max(map(len, rows))
        ids = np.zeros((len(rows), longest), dtype=np.int64)
        mask = np.zeros((len(rows), longest), dtype=np.int64)
        for row, tokens in enumerate(rows):
            ids[row, : len(tokens)] = tokens
            mask[row, : len(tokens)] = 1
        (output,) = self._session.run(None, {"input_ids": ids, "attention_mask": mask})
        return np.asarray(output)


def batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Yield the indexes of the texts of each forward pass.

    The texts of a batch have similar lengths, so that padding takes less time than another pass would.
    """
    batch: list[int] = []
    padding = 0
    for index in sorted(range(len(lengths)), key=lengths.__getitem__):
        longer = lengths[index] - lengths[batch[-1]] if batch else 0
        padding += longer * len(batch)
        if batch and (padding > PASS_TOKENS or (len(batch) + 1) * lengths[index] > BATCH_TOKENS):
            yield batch
            batch, padding = [], 0
        batch.append(index)
    if batch:
        yield batch
