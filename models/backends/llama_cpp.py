"""Text by llama.cpp, for GGUF files: one context, one generation at a time, by the functions of llama.h.

What a conversation has in common with the last one stays in the KV cache; the states of earlier ones are kept aside.
"""

import ctypes
import json
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from models.backends import LoadOptions
from models.backends.llama_tokenizer import LlamaTokenizer
from models.errors import ModelUnavailable, RequestInvalid
from models.generation.prefixes import PrefixStore, common_length
from models.generation.sampling import Sampling

# Tokens of a prompt that are read in one pass; between passes the runtime sees a sign of life.
PROMPT_BATCH = 256
# A tail of fewer tokens is quicker evaluated again than kept.
WORTH_KEEPING = 64
TOP_K, MIN_P = 40, 0.05
MAX_GRAMMAR = 16_384
CACHE_TYPES = {"f16": 1, "q8_0": 8}
_FLASH_ATTENTION_AUTO, _FLASH_ATTENTION_ON = -1, 1
# llama.cpp's threads wait for each other some hundred times per token. OpenMP lets them spin meanwhile, for
# milliseconds: where another program needs a core, that keeps the thread they wait for from running. Asleep, they cost
# a little on a quiet machine.
_WAIT_POLICY, _ASLEEP = "OMP_WAIT_POLICY", "PASSIVE"
MIN_TOKENS = 2
_LOG_ERROR = 4
_DECODE_ABORTED = 2
_PIECE_BYTES = 256


class LlamaCppBackend:
    """A GGUF model, its vocabulary and one context."""

    def __init__(self, options: LoadOptions) -> None:
        # OpenMP reads it when it is loaded, which is with the library.
        os.environ.setdefault(_WAIT_POLICY, _ASLEEP)
        try:
            import llama_cpp.llama_cpp as llama
        except ImportError as error:
            raise ModelUnavailable(
                "llama-cpp-python is not installed, or is still being compiled. `lampstand status` shows how far it is."
            ) from error
        self._llama, self._threads = llama, options.threads
        self._complaints = _quiet_log(llama)
        llama.llama_backend_init()
        self._model = self._load(options)
        self._context = self._open_context(options)
        self._vocabulary = llama.llama_model_get_vocab(self._model)
        self._memory = llama.llama_get_memory(self._context)
        self.context = int(llama.llama_n_ctx(self._context))
        self.chat_template = (llama.llama_model_chat_template(self._model, None) or b"").decode("utf-8", "replace")
        self._tokenizer = LlamaTokenizer(llama, self._vocabulary)
        bos, eos = llama.llama_vocab_bos(self._vocabulary), llama.llama_vocab_eos(self._vocabulary)
        self.special_tokens: Mapping[str, str] = {
            "bos_token": self._tokenizer.text_of(bos),
            "eos_token": self._tokenizer.text_of(eos),
        }
        self.reused_tokens = 0
        self._tokens: list[int] = []
        # True where the prefix store has the state of these tokens.
        self._is_kept = False
        self._prefixes = PrefixStore(options.prefix_bytes)
        self._piece_buffer = ctypes.create_string_buffer(_PIECE_BYTES)
        self._abort = self._install_abort()
        self.write_with(options.writing_threads or options.threads)

    def tokenize(self, prompt: str) -> list[int]:
        return self._tokenizer.tokenize(prompt)

    def generate(
        self, tokens: list[int], sampling: Sampling, on_prompt: Callable[[int, int], None], cancelled: threading.Event
    ) -> Iterator[bytes]:
        self._abort[0] = b"\0"
        sampler = self._sampler(sampling)
        try:
            self.reused_tokens = self._recall(tokens)
            for at in range(self.reused_tokens, len(tokens), PROMPT_BATCH):
                if cancelled.is_set() or not self._decode(tokens[at : at + PROMPT_BATCH]):
                    return
                on_prompt(min(at + PROMPT_BATCH, len(tokens)), len(tokens))
            while not cancelled.is_set():
                token = self._llama.llama_sampler_sample(sampler, self._context, -1)
                if self._llama.llama_vocab_is_eog(self._vocabulary, token):
                    return
                yield self._piece(token)
                if not self._decode([token]):
                    return
        finally:
            self._llama.llama_sampler_free(sampler)

    def interrupt(self) -> None:
        self._abort[0] = b"\1"

    def rest(self) -> None:
        self._keep_state()

    def write_with(self, threads: int) -> None:
        # Prompts are read by all: their operations are long, and the threads of one take each other's work.
        self._llama.llama_set_n_threads(self._context, threads, self._threads)

    def writing_rate(self, threads: int, seconds: float) -> float:
        self.write_with(threads)
        token = [max(0, self._llama.llama_vocab_bos(self._vocabulary))]
        self._decode(token)  # starts the threads
        count, began = 0, time.perf_counter()
        while count < MIN_TOKENS or time.perf_counter() - began < seconds:
            if len(self._tokens) == self.context:
                self._truncate(0)
            self._decode(token)
            count += 1
        rate = count / (time.perf_counter() - began)
        self._truncate(0)
        return rate

    def _load(self, options: LoadOptions) -> Any:
        parameters = self._llama.llama_model_default_params()
        parameters.n_gpu_layers = sum(options.gpu_layers)
        if len(options.gpu_layers) == 1:
            parameters.split_mode, parameters.main_gpu = self._llama.LLAMA_SPLIT_MODE_NONE, 0
        elif options.gpu_layers:
            shares = (ctypes.c_float * self._llama.llama_max_devices())(*options.gpu_layers)
            parameters.tensor_split = shares
        model = self._llama.llama_model_load_from_file(options.path.encode(), parameters)
        if not model:
            reason = " ".join(self._complaints) or "llama.cpp gives no reason"
            raise ModelUnavailable(f"{Path(options.path).name} could not be loaded: {reason}")
        return model

    def _open_context(self, options: LoadOptions) -> Any:
        parameters = self._llama.llama_context_default_params()
        parameters.n_ctx = options.context
        parameters.n_batch = parameters.n_ubatch = min(PROMPT_BATCH, options.context)
        parameters.n_threads = parameters.n_threads_batch = options.threads
        parameters.type_k = parameters.type_v = CACHE_TYPES[options.cache_type]
        # llama.cpp keeps values in fewer bits only with flash attention.
        parameters.flash_attn_type = _FLASH_ATTENTION_AUTO if options.cache_type == "f16" else _FLASH_ATTENTION_ON
        context = self._llama.llama_init_from_model(self._model, parameters)
        if not context:
            raise ModelUnavailable(
                f"There is not memory enough for a context of {options.context:,} tokens. {' '.join(self._complaints)}"
            )
        return context

    def _install_abort(self) -> ctypes.Array[ctypes.c_char]:
        """A flag that ends what llama.cpp computes, at its next node of the graph.

        It is asked some thousand times a token, too often for a Python function: libc's `strlen` of the flag is 0 until
        the flag is set, then 1.
        """
        flag = ctypes.create_string_buffer(2)
        strlen = ctypes.cast(ctypes.CDLL(None).strlen, self._llama.ggml_abort_callback)
        self._llama.llama_set_abort_callback(self._context, strlen, ctypes.cast(flag, ctypes.c_void_p))
        self._abort_callback = strlen
        return flag

    def _decode(self, tokens: list[int]) -> bool:
        """Read tokens after those in the cache; False where that was interrupted, and the cache is as before."""
        batch = (ctypes.c_int32 * len(tokens))(*tokens)
        status = self._llama.llama_decode(self._context, self._llama.llama_batch_get_one(batch, len(tokens)))
        if status == 0:
            self._tokens += tokens
            self._is_kept = False
            return True
        self._truncate(len(self._tokens))
        if status == _DECODE_ABORTED:
            return False
        raise ModelUnavailable(f"llama.cpp could not go on (status {status}). {' '.join(self._complaints)}")

    def _recall(self, tokens: list[int]) -> int:
        """Bring the cache to the longest beginning of `tokens` that is known; its length.

        One token at least is left to be read, because sampling needs its logits.
        """
        to_read = tokens[:-1]
        current = common_length(np.asarray(self._tokens, np.int32), np.asarray(to_read, np.int32))
        stored = self._prefixes.longest(to_read, more_than=current + WORTH_KEEPING)
        if len(self._tokens) - current >= WORTH_KEEPING:
            self._keep_state()
        if stored:
            restored = self._llama.llama_state_seq_set_data(
                self._context, _pointer(stored.state), stored.state.nbytes, 0
            )
            self._tokens = stored.tokens.tolist() if restored else []
            current = common_length(stored.tokens, np.asarray(to_read, np.int32)) if restored else 0
            self._is_kept = True
        return self._truncate(current)

    def _keep_state(self) -> None:
        if self._is_kept or len(self._tokens) < WORTH_KEEPING:
            return
        size = self._llama.llama_state_seq_get_size(self._context, 0)
        if self._prefixes.takes(size):
            state = np.empty(size, np.uint8)
            written = self._llama.llama_state_seq_get_data(self._context, _pointer(state), size, 0)
            if written:
                self._prefixes.keep(self._tokens, state[:written])
                self._is_kept = True

    def _truncate(self, length: int) -> int:
        """Forget the tokens from `length` on, or all where the architecture cannot forget some; what is left."""
        if not self._llama.llama_memory_seq_rm(self._memory, 0, length, -1):
            self._llama.llama_memory_clear(self._memory, True)
            length = 0
        del self._tokens[length:]
        return length

    def _sampler(self, sampling: Sampling) -> Any:
        llama = self._llama
        chain = llama.llama_sampler_chain_init(llama.llama_sampler_chain_default_params())
        if sampling.json_schema is not None:
            grammar = llama.llama_sampler_init_grammar(self._vocabulary, json_grammar(sampling.json_schema), b"root")
            if not grammar:
                llama.llama_sampler_free(chain)
                raise RequestInvalid("llama.cpp does not understand the grammar of this JSON schema. Make it simpler.")
            llama.llama_sampler_chain_add(chain, grammar)
        if sampling.temperature == 0:
            llama.llama_sampler_chain_add(chain, llama.llama_sampler_init_greedy())
            return chain
        seed = llama.LLAMA_DEFAULT_SEED if sampling.seed is None else sampling.seed & 0xFFFFFFFF
        for step in (
            llama.llama_sampler_init_top_k(TOP_K),
            llama.llama_sampler_init_top_p(sampling.top_p, 1),
            llama.llama_sampler_init_min_p(MIN_P, 1),
            llama.llama_sampler_init_temp(sampling.temperature),
            llama.llama_sampler_init_dist(seed),
        ):
            llama.llama_sampler_chain_add(chain, step)
        return chain

    def _piece(self, token: int) -> bytes:
        count = self._llama.llama_token_to_piece(self._vocabulary, token, self._piece_buffer, _PIECE_BYTES, 0, False)
        return self._piece_buffer.raw[: max(0, count)]


def json_grammar(schema: dict[str, Any]) -> bytes:
    """The GBNF grammar of the JSON texts that fit a schema. Raises RequestInvalid."""
    from llama_cpp.llama_grammar import json_schema_to_gbnf

    try:
        grammar = json_schema_to_gbnf(json.dumps(schema or {"type": "object"}))
    except (AssertionError, AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise RequestInvalid(f"This JSON schema cannot be followed: {error}") from error
    if len(grammar) > MAX_GRAMMAR:
        # llama.cpp unrolls repetitions, and ends its process where that goes too deep.
        raise RequestInvalid("This JSON schema makes too large a grammar: lower its lengths and counts.")
    # Its rule for strings lets control characters through, which JSON does not.
    return str(grammar).replace(r'[^"\\]', r'[^"\\\x7F\x00-\x1F]').encode()


def _pointer(state: np.ndarray) -> Any:
    return state.ctypes.data_as(ctypes.POINTER(ctypes.c_uint8))


def _quiet_log(llama: Any) -> deque[str]:
    """Keep llama.cpp's complaints instead of printing all it says; the last few."""
    complaints: deque[str] = deque(maxlen=4)

    def listen(level: int, text: bytes, _data: object) -> None:
        if level == _LOG_ERROR:
            complaints.append(text.decode("utf-8", "replace").strip())

    callback = llama.llama_log_callback(listen)
    _callbacks.append(callback)
    llama.llama_log_set(callback, None)
    return complaints


# llama.cpp calls it for as long as the process lives.
_callbacks: list[Any] = []
