"""A GPT-2 model of less than a megabyte with random weights, in the format before GGUF, as old converters wrote it."""

import struct
from pathlib import Path

import numpy as np

MAGIC = 0x67676D6C
WORDS = "the lamp light and of a to in stands is on warm small window night room reads book quiet was".split()
SPECIAL = (b"<|user|>", b"<|endoftext|>")
WIDTH, HEADS, LAYERS, CONTEXT = 64, 4, 2, 1024


def make_tiny_ggml(path: Path, *, seed: int = 7) -> Path:
    """Write a model that generates printable letters and words. Its vocabulary has all bytes, some words, special tokens."""
    random = np.random.default_rng(seed)
    vocabulary = [bytes([byte]) for byte in range(256)] + [f" {word}".encode() for word in WORDS] + [*SPECIAL]
    with path.open("wb") as file:
        file.write(struct.pack("<I7i", MAGIC, len(vocabulary), CONTEXT, WIDTH, HEADS, LAYERS, 0, len(vocabulary)))
        for word in vocabulary:
            file.write(struct.pack("<I", len(word)) + word)
        for name, values in _tensors(random, len(vocabulary)):
            data = np.ascontiguousarray(values, "<f4")
            file.write(struct.pack("<3i", data.ndim, len(name), 0))
            file.write(struct.pack(f"<{data.ndim}i", *reversed(data.shape)))
            file.write(name.encode() + data.tobytes())
    return path


def _tensors(random: np.random.Generator, size: int) -> list[tuple[str, np.ndarray]]:
    # The last norm sets the first number of every state to 30. So the first column of the embedding acts as a bias per token.
    embedding = random.normal(0, 0.15, (size, WIDTH))
    embedding[:, 0] = -1.0
    embedding[0x20:0x7F, 0] = 0.85
    embedding[256 : -len(SPECIAL), 0] = 1.0
    gain, bias = np.full(WIDTH, 1.5), np.zeros(WIDTH)
    gain[0], bias[0] = 0.0, 30.0
    tensors = [
        ("model/wte", embedding),
        ("model/wpe", random.normal(0, 1, (CONTEXT, WIDTH))),
        ("model/ln_f/g", gain),
        ("model/ln_f/b", bias),
    ]
    for layer in range(LAYERS):
        prefix = f"model/h{layer}/"
        for norm in ("ln_1", "ln_2"):
            tensors += [(f"{prefix}{norm}/g", np.ones(WIDTH)), (f"{prefix}{norm}/b", np.zeros(WIDTH))]
        for part, into, out in (("attn/c_attn", 1, 3), ("attn/c_proj", 1, 1), ("mlp/c_fc", 1, 4), ("mlp/c_proj", 4, 1)):
            weights = random.normal(0, 0.6 / np.sqrt(into * WIDTH), (out * WIDTH, into * WIDTH))
            tensors += [(f"{prefix}{part}/w", weights), (f"{prefix}{part}/b", np.zeros(out * WIDTH))]
    return tensors
