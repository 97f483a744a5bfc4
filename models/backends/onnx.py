"""Embeddings by ONNX Runtime, from the file that `onnx_export` makes of the torch model at first use."""

import math
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import numpy as np

from models.backends import LoadOptions
from models.errors import ModelUnavailable
from models.formats.folder import MANIFEST, Manifest

# Tokens a forward pass, padding counted: larger ones fall out of the processor's cache.
BATCH_TOKENS = 256
LEAST_TOKENS = 64
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
        # Threads that share one pass wait for each other after every operation, the longer the busier the cores are; so
        # each thread has passes of its own.
        session.intra_op_num_threads = session.inter_op_num_threads = 1
        self._threads = ThreadPoolExecutor(options.threads, thread_name_prefix="onnx")
        self._thread_count = options.threads
        self._session = onnxruntime.InferenceSession(
            str(folder / self.manifest.file), session, providers=["CPUExecutionProvider"]
        )
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.enable_truncation(MAX_TOKENS)
        self._tokenizer.no_padding()

    def embed(self, texts: list[str]) -> tuple[list[bytes], int]:
        encodings = self._tokenizer.encode_batch(texts)
        lengths = [len(encoding.ids) for encoding in encodings]
        batches = _batches(lengths, self._thread_count)
        vectors: list[bytes] = [b""] * len(texts)
        for batch, rows in zip(
            batches, self._map([[encodings[index].ids for index in batch] for batch in batches]), strict=True
        ):
            for index, vector in zip(batch, rows, strict=True):
                vectors[index] = np.asarray(vector, dtype="<f4").tobytes()
        return vectors, sum(lengths)

    def _map(self, batches: list[list[list[int]]]) -> Iterable[np.ndarray]:
        # A single text is not worth waking a thread for.
        return map(self._forward, batches) if len(batches) == 1 else self._threads.map(self._forward, batches)

    def _forward(self, rows: list[list[int]]) -> np.ndarray:
        longest = max(map(len, rows))
        ids = np.zeros((len(rows), longest), dtype=np.int64)
        mask = np.zeros((len(rows), longest), dtype=np.int64)
        for row, tokens in enumerate(rows):
            ids[row, : len(tokens)] = tokens
            mask[row, : len(tokens)] = 1
        (output,) = self._session.run(None, {"input_ids": ids, "attention_mask": mask})
        return np.asarray(output)


def _batches(lengths: list[int], threads: int) -> list[list[int]]:
    """The texts of each pass, by index: of like lengths, the largest passes first.

    One a thread at the least, and two where they are not too small, so that a thread which has its core to itself takes more.
    """
    share = math.ceil(sum(lengths) / threads)
    most = min(BATCH_TOKENS, share, max(LEAST_TOKENS, share // 2))
    batches: list[list[int]] = [[]]
    for index in sorted(range(len(lengths)), key=lengths.__getitem__):
        if batches[-1] and (len(batches[-1]) + 1) * lengths[index] > most:
            batches.append([])
        batches[-1].append(index)
    return batches[::-1]
