"""Text generation with ctransformers, for GGML files older than GGUF. The library is no longer maintained.

The library does not check its input: wrong files, long runs of one character, token ids out of range and parallel calls
kill the process. `models.formats` checks the files before they are loaded here. This module prevents the other cases.
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

# Prompt tokens per batch. The library's scratch memory is always 256 MiB. In long contexts a larger batch would overflow it.
PROMPT_BATCH = 8
MAX_CONTEXT = 2048
TOP_K = 40
# A long run of text is cut, because the library's tokenizer recurses once per character of a run. It also tries all
# shorter pieces of a word.
_RUN = re.compile(r"\S{256}|\s{256}")
# The pattern of special tokens in these families: <|endoftext|>, <fim-prefix>, [INST], ### End.
_MARKER = re.compile(r"\s*[<\[#].*[^\W\d_]", re.DOTALL)
# The size of the token buffer: factor × bytes of the text, plus the margin. In one family a space may become three bytes.
_BUFFER_FACTOR, _BUFFER_MARGIN = 3, 16
_SEED_MASK = 0x7FFFFFFF
CPUINFO = Path("/proc/cpuinfo")


class CTransformersBackend:
    """A GGML model. Its context keeps the last prompt. If the next prompt begins the same, that part is not read again."""

    chat_template = ""
    special_tokens: Mapping[str, str] = MappingProxyType({})

    def __init__(self, options: LoadOptions) -> None:
        llm = _library()
        try:
            self._model = llm.LLM(options.path, options.family.replace("-", "_"), lib=instruction_set())
        except (OSError, RuntimeError, ValueError) as error:
            raise ModelUnavailable(f"{Path(options.path).name} could not be loaded: {error}") from error
        self.context = min(int(self._model.context_length), MAX_CONTEXT)
        self._threads = options.generation_threads or options.threads
        self._vocabulary = int(self._model.vocab_size)
        # The files do not mark which tokens are special, and the library parses special tokens in any text. So there are
        # no control tokens to insert by id, only markers.
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
            raise RequestInvalid("This model's library does not support JSON schemas. Use a GGUF model.")
        if any(not 0 <= token < self._vocabulary for token in tokens):
            raise RequestInvalid("The prompt could not be converted to tokens of this model.")
        self.reused_tokens = self._rewind_to(tokens)
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
        """Do nothing: the library cannot stop within a token. `generate` checks `cancelled` before each token."""

    def rest(self) -> None:
        """Do nothing: this backend stores no state except the context."""

    def _markers(self) -> frozenset[str]:
        """Return the vocabulary entries that look like special tokens. The library would parse them in any text."""
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

    def _rewind_to(self, tokens: list[int]) -> int:
        """Cut the context to the beginning that it shares with `tokens`, and return its length.

        The last of `tokens` is always read again.
        """
        common = 0
        for read_token, prompt_token in zip(self._tokens, tokens[:-1], strict=False):
            if read_token != prompt_token:
                break
            common += 1
        self._tokens = self._tokens[:common]
        self._model._context = list(self._tokens)  # noqa: SLF001 - the only way to rewind
        return common

    def _eval(self, tokens: list[int]) -> None:
        self._model.eval(tokens, batch_size=PROMPT_BATCH, threads=self._threads)
        self._tokens += tokens

    def _sample(self, sampling: Sampling) -> int:
        greedy = sampling.temperature == 0
        # The library seeds its random numbers at each token. The same seed would draw the same number every time.
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


def instruction_set(cpuinfo: Path = CPUINFO) -> str:
    """Return the name of the build of ctransformers that fits this processor."""
    flags = set(cpuinfo.read_text(encoding="utf-8").split()) if cpuinfo.exists() else set()
    if "avx2" in flags:
        return "avx2"
    return "avx" if {"avx", "f16c"} <= flags else "basic"
