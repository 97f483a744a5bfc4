"""SIMULATED: the class `LLM` of ctransformers. Where the real library would kill its process, this one raises SystemError."""

import re
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import pytest
from fakes.libraries import install_library

BYTES = [bytes([byte]) for byte in range(256)]
END, PREFIX, TURN, WORD = range(256, 260)
WORDS = [b"<|endoftext|>", b"<fim-prefix>", b" [INST]", b" lamp"]
FAMILIES = {"gpt2", "starcoder", "gptj", "gpt_neox", "dolly_v2", "mpt", "replit"}
MAX_RUN, MAX_BATCH = 256, 8
LETTERS = b"abcdefghijklmnopqrstuvwxyz"


class FakeLlm:
    """A loaded model. Its vocabulary has all bytes and some words. The model parses these words in any text.

    Without randomness, a generated letter depends on every earlier token. With randomness, it depends only on the seed.
    `evaluated` counts the tokens that were read or written.
    """

    def __init__(self, library: "FakeLibrary") -> None:
        self._library = library
        self._context: list[int] = []
        self.context_length = library.context_length
        self.vocab_size = len(library.vocabulary)
        self.evaluated = 0
        self.threads = 0
        self._words: defaultdict[int, list[tuple[bytes, int]]] = defaultdict(list)
        for token, word in enumerate(library.vocabulary):
            self._words[word[0]].append((word, token))

    def ctransformers_llm_tokenize(self, data: bytes, _adds_begin: bool, buffer: Any) -> int:
        text = data.split(b"\0")[0].decode()
        if re.search(rf"\S{{{MAX_RUN + 1}}}|\s{{{MAX_RUN + 1}}}", text):
            raise SystemError("the stack has overflowed")
        tokens = self._parse(text.encode())
        if len(tokens) > len(buffer):
            raise SystemError("the buffer has overflowed")
        buffer[: len(tokens)] = tokens
        return len(tokens)

    def _parse(self, data: bytes) -> list[int]:
        tokens: list[int] = []
        while data:
            length, token = max((len(word), token) for word, token in self._words[data[0]] if data.startswith(word))
            tokens.append(token)
            data = data[length:]
        return tokens

    def detokenize(self, tokens: Sequence[int], *, decode: bool) -> bytes:
        assert not decode
        return b"".join(self._library.vocabulary[token] for token in tokens)

    def is_eos_token(self, token: int) -> bool:
        return token == END

    def eval(self, tokens: Sequence[int], *, batch_size: int, threads: int) -> None:
        if batch_size > MAX_BATCH or len(self._context) + len(tokens) > self.context_length:
            raise SystemError("the scratch memory has overflowed")
        if not all(0 <= token < self.vocab_size for token in tokens):
            raise SystemError("there is no such row in the embedding")
        self._context += tokens
        self.evaluated += len(tokens)
        self.threads = threads

    def sample(self, *, top_k: int, temperature: float, seed: int, **_others: float) -> int:
        if temperature <= 0 or not 0 < top_k <= self.vocab_size:
            raise SystemError("a division by zero, or a sort beyond the end")
        if len(self._context) >= self._library.ends_at:
            return END
        seed = self._library.random_seed() if seed == -1 else seed
        chosen = sum(place * token for place, token in enumerate(self._context, start=1)) if top_k == 1 else seed
        letters = [token for token, word in enumerate(self._library.vocabulary) if word and word in LETTERS]
        return letters[chosen % len(letters)]


class FakeLibrary:
    """The module `ctransformers.llm`. A test sets the properties of the model before it is loaded."""

    def __init__(self, vocabulary: Sequence[bytes] = (*BYTES, *WORDS)) -> None:
        self.vocabulary = vocabulary
        self.context_length = 4096
        self.ends_at = 100_000
        self.is_damaged = False
        self.build = ""
        self._seeds = 0

    def LLM(self, _path: str, family: str, *, lib: str) -> FakeLlm:
        if self.is_damaged or family not in FAMILIES:
            raise RuntimeError(f"Failed to create LLM '{family}'")
        self.build = lib
        self.model = FakeLlm(self)
        return self.model

    def random_seed(self) -> int:
        self._seeds += 3
        return self._seeds


def install_ctransformers(monkeypatch: pytest.MonkeyPatch, library: FakeLibrary) -> None:
    """Replace the library until the test ends."""
    install_library(monkeypatch, "ctransformers", {"llm": library})
