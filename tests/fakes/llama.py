"""SIMULATED: the functions of llama.h that the backend calls, with one model whose text depends on every earlier token."""

import ctypes
import struct
import sys
from collections.abc import Callable, Sequence
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

UNKNOWN, NORMAL, CONTROL, USER_DEFINED, LSTRIP, RSTRIP = 1, 4, 8, 16, 128, 256
BYTES = 256
# The ids 0 to 255 are bytes. From 256 on, the ids are these tokens, each with its text and its attributes.
BEGIN, END = 256, 257
TOKENS: Sequence[tuple[str, int]] = (("<s>", CONTROL), ("</s>", CONTROL))
DECODED, CONTEXT_IS_FULL, ABORTED = 0, 1, 2
F16, Q8_0 = 1, 8
LETTERS = b"abcdefghijklmnopqrstuvwxyz"


class Sampler:
    """A chain of sampling steps. `sampled` counts the tokens that the chain chose."""

    def __init__(self) -> None:
        self.steps: list[tuple[str, Any]] = []
        self.sampled = 0

    def value(self, name: str) -> Any:
        """Return the value of a step; None if the chain has no such step."""
        return next((value for step, value in self.steps if step == name), None)


class FakeLlama:
    """The module `llama_cpp.llama_cpp`. A test sets the properties of the model before it is loaded.

    `cache` has the tokens in the KV cache. `evaluated` counts the tokens that the model read or wrote. `log` has messages
    with their levels. The library reports these messages while a model loads, and when a call fails with a `status`. The
    answer ends when the cache has `ends_at` tokens. `sampler` is the last sampling chain.
    """

    LLAMA_TOKEN_ATTR_UNKNOWN, LLAMA_TOKEN_ATTR_CONTROL, LLAMA_TOKEN_ATTR_USER_DEFINED = UNKNOWN, CONTROL, USER_DEFINED
    LLAMA_TOKEN_ATTR_LSTRIP, LLAMA_TOKEN_ATTR_RSTRIP = LSTRIP, RSTRIP
    LLAMA_SPLIT_MODE_NONE = 0
    LLAMA_DEFAULT_SEED = 0xFFFFFFFF
    ggml_abort_callback = ctypes.CFUNCTYPE(ctypes.c_bool, ctypes.c_void_p)

    def __init__(self, *tokens: tuple[str, int], adds_begin: bool = True) -> None:
        self.tokens = [*TOKENS, *tokens]
        self.adds_begin = adds_begin
        self.begin = BEGIN
        self.tokens_per_space = 1
        self.token_of_byte: dict[int, int] = {}
        self.cannot_tokenize = False
        self.template: bytes | None = None
        self.is_damaged = False
        self.log: list[tuple[int, str]] = []
        self.max_context = 100_000
        self.can_cut = True
        self.can_restore = True
        self.ends_at = 100_000
        self.status = DECODED
        self.cache: list[int] = []
        self.evaluated = self.stored_states = self.open_samplers = 0
        self.threads = (0, 0)
        self._is_aborted: Callable[[], bool] = lambda: False
        self.model_parameters = self.context_parameters = SimpleNamespace()

    # The log.

    def llama_log_callback(
        self, function: Callable[[int, bytes, object], None]
    ) -> Callable[[int, bytes, object], None]:
        return function

    def llama_log_set(self, callback: Callable[[int, bytes, object], None], _data: None) -> None:
        self._report = callback

    def _report_all(self) -> None:
        for level, text in self.log:
            self._report(level, text.encode(), None)

    # The model and its context.

    def llama_backend_init(self) -> None: ...

    def llama_max_devices(self) -> int:
        return 4

    def llama_model_default_params(self) -> SimpleNamespace:
        return SimpleNamespace(n_gpu_layers=0, split_mode=1, main_gpu=0, tensor_split=None)

    def llama_model_load_from_file(self, _path: bytes, parameters: SimpleNamespace) -> str | None:
        self._report_all()
        self.model_parameters = parameters
        return None if self.is_damaged else "model"

    def llama_context_default_params(self) -> SimpleNamespace:
        return SimpleNamespace(type_k=F16, type_v=F16, flash_attn_type=-1)

    def llama_init_from_model(self, _model: str, parameters: SimpleNamespace) -> str | None:
        self.context_parameters = parameters
        needs_flash_attention = parameters.type_v == Q8_0 and parameters.flash_attn_type != 1
        return None if needs_flash_attention or parameters.n_ctx > self.max_context else "context"

    def llama_n_ctx(self, _context: str) -> int:
        size: int = self.context_parameters.n_ctx
        return size

    def llama_model_get_vocab(self, _model: str) -> str:
        return "vocabulary"

    def llama_get_memory(self, _context: str) -> str:
        return "memory"

    def llama_model_chat_template(self, _model: str, _name: None) -> bytes | None:
        return self.template

    def llama_set_n_threads(self, _context: str, writing: int, reading: int) -> None:
        self.threads = (writing, reading)

    def llama_set_abort_callback(self, _context: str, callback: Callable[[object], bool], data: object) -> None:
        self._is_aborted = lambda: callback(data)

    # The vocabulary.

    def llama_vocab_n_tokens(self, _vocabulary: str) -> int:
        return BYTES + len(self.tokens)

    def llama_vocab_bos(self, _vocabulary: str) -> int:
        return self.begin

    def llama_vocab_eos(self, _vocabulary: str) -> int:
        return END

    def llama_vocab_is_eog(self, _vocabulary: str, token: int) -> bool:
        return token == END

    def llama_vocab_get_add_bos(self, _vocabulary: str) -> bool:
        return self.adds_begin

    def llama_vocab_get_text(self, _vocabulary: str, token: int) -> bytes:
        return f"<0x{token:02X}>".encode() if token < BYTES else self.tokens[token - BYTES][0].encode()

    def llama_vocab_get_attr(self, _vocabulary: str, token: int) -> int:
        return NORMAL if token < BYTES else self.tokens[token - BYTES][1]

    def llama_tokenize(
        self,
        _vocabulary: str,
        data: bytes,
        length: int,
        tokens: Any,
        capacity: int,
        _adds_begin: bool,
        parses_control: bool,
    ) -> int:
        if self.cannot_tokenize:
            return -1
        parsed = self._parse(data[:length], parses_control=parses_control)
        if len(parsed) > capacity:
            return -len(parsed)
        tokens[: len(parsed)] = parsed
        return len(parsed)

    def _parse(self, data: bytes, *, parses_control: bool) -> list[int]:
        parsed: list[int] = []
        while data:
            token, length = self._first_token(data, parses_control=parses_control)
            parsed += [token] * (self.tokens_per_space if token == ord(" ") else 1)
            data = data[length:]
        return parsed

    def _first_token(self, data: bytes, *, parses_control: bool) -> tuple[int, int]:
        """Return the id and the length of the longest token at the start of the data, or of the token of its first byte."""
        matches = [
            (len(text.encode()), BYTES + index)
            for index, (text, kind) in enumerate(self.tokens)
            if data.startswith(text.encode()) and (parses_control or not kind & (CONTROL | UNKNOWN))
        ]
        length, token = max(matches, default=(1, self.token_of_byte.get(data[0], data[0])))
        return token, length

    def llama_token_to_piece(
        self, vocabulary: str, token: int, buffer: Any, size: int, _strips: int, writes_control: bool
    ) -> int:
        piece = bytes([token]) if token < BYTES else self.llama_vocab_get_text(vocabulary, token)
        if not writes_control and self.llama_vocab_get_attr(vocabulary, token) & CONTROL:
            return 0
        if len(piece) > size:
            return -len(piece)
        ctypes.memmove(buffer, piece, len(piece))
        return len(piece)

    # The cache.

    def llama_batch_get_one(self, tokens: Sequence[int], count: int) -> list[int]:
        return list(tokens[:count])

    def llama_decode(self, _context: str, tokens: list[int]) -> int:
        if self._is_aborted():
            return ABORTED
        # The real library kills its process if a batch has more tokens.
        assert len(tokens) <= self.context_parameters.n_batch
        if len(self.cache) + len(tokens) > self.context_parameters.n_ctx:
            return CONTEXT_IS_FULL
        if self.status != DECODED:
            self._report_all()
            # As in the real library, some of the tokens may already be in the cache when the call fails.
            self.cache += tokens[:1]
            return self.status
        self.cache += tokens
        self.evaluated += len(tokens)
        return DECODED

    def llama_memory_seq_rm(self, _memory: str, _sequence: int, start: int, _end: int) -> bool:
        if not self.can_cut and 0 < start < len(self.cache):
            return False
        del self.cache[start:]
        return True

    def llama_memory_clear(self, _memory: str, _data: bool) -> None:
        self.cache.clear()

    def llama_state_seq_get_size(self, _context: str, _sequence: int) -> int:
        return 4 * len(self.cache)

    def llama_state_seq_get_data(self, _context: str, state: Any, size: int, _sequence: int) -> int:
        ctypes.memmove(state, struct.pack(f"<{len(self.cache)}i", *self.cache), size)
        self.stored_states += 1
        return size

    def llama_state_seq_set_data(self, _context: str, state: Any, size: int, _sequence: int) -> int:
        self.cache = list(struct.unpack(f"<{size // 4}i", ctypes.string_at(state, size))) if self.can_restore else []
        return size if self.can_restore else 0

    # Sampling.

    def llama_sampler_chain_default_params(self) -> None: ...

    def llama_sampler_chain_init(self, _parameters: None) -> Sampler:
        self.open_samplers += 1
        self.sampler = Sampler()
        return self.sampler

    def llama_sampler_free(self, _sampler: Sampler) -> None:
        self.open_samplers -= 1

    def llama_sampler_chain_add(self, sampler: Sampler, step: tuple[str, Any]) -> None:
        sampler.steps.append(step)

    def llama_sampler_init_greedy(self) -> tuple[str, Any]:
        return "greedy", True

    def llama_sampler_init_top_k(self, count: int) -> tuple[str, Any]:
        return "top_k", count

    def llama_sampler_init_top_p(self, share: float, _at_least: int) -> tuple[str, Any]:
        return "top_p", share

    def llama_sampler_init_min_p(self, share: float, _at_least: int) -> tuple[str, Any]:
        return "min_p", share

    def llama_sampler_init_temp(self, temperature: float) -> tuple[str, Any]:
        return "temperature", temperature

    def llama_sampler_init_dist(self, seed: int) -> tuple[str, Any]:
        assert 0 <= seed < 2**32
        return "seed", seed

    def llama_sampler_init_grammar(self, _vocabulary: str, grammar: bytes, root: bytes) -> tuple[str, Any] | None:
        return ("grammar", grammar) if grammar.startswith(root) else None

    def llama_sampler_sample(self, sampler: Sampler, _context: str, _index: int) -> int:
        """Return a letter that depends on each token in the cache and on the seed. With a grammar, the text is `{}`."""
        sampler.sampled += 1
        if sampler.value("grammar"):
            return b"{}"[sampler.sampled - 1] if sampler.sampled <= 2 else END
        if len(self.cache) >= self.ends_at:
            return END
        chosen = sum(place * token for place, token in enumerate(self.cache, start=1))
        return LETTERS[(chosen + (sampler.value("seed") or 0)) % len(LETTERS)]


def install_llama(monkeypatch: pytest.MonkeyPatch, llama: FakeLlama) -> None:
    """Replace the library until the test ends. Then the environment variable that the backend sets is reset too."""
    package = ModuleType("llama_cpp")
    vars(package)["llama_cpp"] = llama
    monkeypatch.setitem(sys.modules, "llama_cpp", package)
    monkeypatch.setitem(sys.modules, "llama_cpp.llama_cpp", llama)
    monkeypatch.setenv("OMP_WAIT_POLICY", "PASSIVE")
