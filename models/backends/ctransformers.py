"""Text by ctransformers, for GGML files of before GGUF. The library is no longer kept: this is for old files only.

It trusts what it is given: wrong files, long runs of one character, ids out of range and more than one call at a time
end its process. Files are checked before they come here, and the rest is seen to below.
"""

import ctypes
import itertools
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from models.backends import LoadOptions
from models.errors import ModelUnavailable, RequestInvalid
from models.generation.sampling import Sampling
from models.generation.special_tokens import PromptSplitter, SpecialTexts, is_marker

# Its scratch memory is fixed at 256 MiB and not checked: a larger batch overflows it in long contexts.
PROMPT_BATCH = 8
MAX_CONTEXT = 2048
TOP_K = 40
# Its splitting of text recurses by character, and searches a word by ever shorter pieces.
_RUN = re.compile(r"\S{256}|\s{256}")
# What special tokens of these families look like: <|endoftext|>, <fim-prefix>, [INST], ### End.
_MARKER = re.compile(r"\s*[<\[#].*[^\W\d_]", re.DOTALL)
# A space may become three bytes in one family.
_BUFFER_FACTOR, _BUFFER_MARGIN = 3, 16
_SEED_MASK = 0x7FFFFFFF


class CTransformersBackend:
    """A GGML model; its context holds the last prompt, so that what a conversation goes on from is not read again."""

    chat_template = ""
    special_tokens: Mapping[str, str] = MappingProxyType({})

    def __init__(self, options: LoadOptions) -> None:
        llm = _library()
        try:
            self._model = llm.LLM(options.path, options.family.replace("-", "_"), lib=_instructions())
        except (OSError, RuntimeError, ValueError) as error:
            raise ModelUnavailable(f"{Path(options.path).name} could not be loaded: {error}") from error
        self.context = min(int(self._model.context_length), MAX_CONTEXT)
        self._threads = options.writing_threads or options.threads
        self._vocabulary = int(self._model.vocab_size)
        # Its files do not say which tokens are special, and it parses them all: none has an id of its own here.
        self._splitter = PromptSplitter(SpecialTexts(control={}, markers=self._markers()))
        self._tokens: list[int] = []
        self.reused_tokens = 0

    def tokenize(self, prompt: str) -> list[int]:
        parts = [part for part in self._splitter.split(prompt) if isinstance(part, str)]
        return [token for part in parts for token in self._tokens_of_part(part.replace("\0", ""))]

    def generate(
        self, tokens: list[int], sampling: Sampling, on_prompt: Callable[[int, int], None], cancelled: threading.Event
    ) -> Iterator[bytes]:
        if sampling.json_schema is not None:
            raise RequestInvalid("This model's library cannot follow a JSON schema; a GGUF model can.")
        if any(not 0 <= token < self._vocabulary for token in tokens):
            raise RequestInvalid("The prompt could not be turned into tokens of this model.")
        self.reused_tokens = self._go_back_to(tokens)
        for at in range(self.reused_tokens, len(tokens), PROMPT_BATCH):
            if cancelled.is_set():
                return
            self._eval(tokens[at : at + PROMPT_BATCH])
            on_prompt(min(at + PROMPT_BATCH, len(tokens)), len(tokens))
        while not cancelled.is_set():
            token = self._sample(sampling)
            if self._model.is_eos_token(token):
                return
            yield self._model.detokenize([token], decode=False)
            self._eval([token])

    def interrupt(self) -> None:
        """Nothing stops it within a token; `generate` looks at `cancelled` before each."""

    def rest(self) -> None:
        """Its context is all it keeps."""

    def _markers(self) -> frozenset[str]:
        """The texts of its vocabulary that the library finds in any text, and that no plain word is made of."""
        pieces = (self._model.detokenize([token], decode=False) for token in range(self._vocabulary))
        texts = (piece.decode("utf-8", "replace") for piece in pieces)
        return frozenset(text for text in texts if is_marker(text) and _MARKER.match(text))

    def _tokens_of_part(self, text: str) -> list[int]:
        cuts = [0, *(run.end() for run in _RUN.finditer(text)), len(text)]
        return [token for start, end in itertools.pairwise(cuts) for token in self._tokens_of(text[start:end])]

    def _tokens_of(self, text: str) -> list[int]:
        data = text.encode("utf-8", "replace")
        if not data:
            return []
        buffer = (ctypes.c_int * (_BUFFER_FACTOR * len(data) + _BUFFER_MARGIN))()
        count = self._model.ctransformers_llm_tokenize(data, False, buffer)
        return list(buffer[:count])

    def _go_back_to(self, tokens: list[int]) -> int:
        """Forget what of the context is not the beginning of `tokens`; one token at least is left to be read."""
        common = 0
        for read_token, prompt_token in zip(self._tokens, tokens[:-1], strict=False):
            if read_token != prompt_token:
                break
            common += 1
        self._tokens = self._tokens[:common]
        self._model._context = list(self._tokens)  # noqa: SLF001 - its only way back
        return common

    def _eval(self, tokens: list[int]) -> None:
        self._model.eval(tokens, batch_size=PROMPT_BATCH, threads=self._threads)
        self._tokens += tokens

    def _sample(self, sampling: Sampling) -> int:
        greedy = sampling.temperature == 0
        # It is seeded anew at each token: the same seed would draw the same number again and again.
        seed = -1 if sampling.seed is None else (sampling.seed + len(self._tokens)) & _SEED_MASK
        return int(
            self._model.sample(
                top_k=1 if greedy else min(TOP_K, self._vocabulary),
                top_p=sampling.top_p,
                temperature=1.0 if greedy else sampling.temperature,
                repetition_penalty=1.0,
                last_n_tokens=1,
                seed=seed,
            )
        )


def _library() -> Any:
    try:
        from ctransformers import llm
    except ImportError as error:
        raise ModelUnavailable("ctransformers is not installed. Run `pip install 'lampstand[legacy]'`.") from error
    return llm


def _instructions() -> str:
    """Which of the library's builds this processor can run."""
    cpuinfo = Path("/proc/cpuinfo")
    flags = set(cpuinfo.read_text(encoding="utf-8").split()) if cpuinfo.exists() else set()
    if "avx2" in flags:
        return "avx2"
    return "avx" if {"avx", "f16c"} <= flags else "basic"
