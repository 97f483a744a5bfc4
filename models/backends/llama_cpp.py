"""Text generation with llama.cpp, for GGUF files: one context, one generation at a time, with the functions of llama.h.

If a conversation begins like the last one, that beginning stays in the KV cache. States of earlier conversations are
stored in a `PrefixStore`.
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

# Tokens of a prompt that are read in one pass. The runtime gets a sign of life between passes.
PROMPT_BATCH = 256
# If there are fewer tokens than this, evaluating them again is faster than storing their state.
MIN_STORED_TOKENS = 64
TOP_K, MIN_P = 40, 0.05
MAX_GRAMMAR = 16_384
CACHE_TYPES = {"f16": 1, "q8_0": 8}
_FLASH_ATTENTION_AUTO, _FLASH_ATTENTION_ON = -1, 1
# llama.cpp's threads wait for each other some hundred times per token. By default OpenMP lets a waiting thread spin for
# milliseconds. If another program needs a core, spinning threads take time from the thread that they wait for. So waiting
# threads sleep here, which costs a little time on a quiet machine.
_WAIT_POLICY, _SLEEPING = "OMP_WAIT_POLICY", "PASSIVE"
MIN_TOKENS = 2
_LOG_ERROR = 4
_DECODE_ABORTED = 2
_PIECE_BYTES = 256


class LlamaCppBackend:
    """A GGUF model, its vocabulary and one context."""

    def __init__(self, options: LoadOptions) -> None:
        # OpenMP is loaded together with llama.cpp's library, and reads the variable at that moment.
        os.environ.setdefault(_WAIT_POLICY, _SLEEPING)
        try:
            import llama_cpp.llama_cpp as llama
        except ImportError as error:
            raise ModelUnavailable(
                "llama-cpp-python is not installed, or is still being compiled. Run `lampstand status` to see the "
                "progress."
            ) from error
        self._llama, self._threads = llama, options.threads
        self._errors = _collect_errors(llama)
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
        # True if the prefix store has the state of the tokens in the cache.
        self._is_stored = False
        self._prefixes = PrefixStore(options.prefix_bytes)
        self._piece_buffer = ctypes.create_string_buffer(_PIECE_BYTES)
        self._abort = self._install_abort()
        self.write_with(options.generation_threads or options.threads)

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
        self._store_state()

    def write_with(self, threads: int) -> None:
        # Prompts are read with all threads: the operations are long, and llama.cpp balances each operation between the threads.
        self._llama.llama_set_n_threads(self._context, threads, self._threads)

    def writing_rate(self, threads: int, seconds: float) -> float:
        self.write_with(threads)
        token = [max(0, self._llama.llama_vocab_bos(self._vocabulary))]
        self._decode(token)  # starts the threads before the measurement
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
            reason = " ".join(self._errors) or "llama.cpp reports no reason"
            raise ModelUnavailable(f"{Path(options.path).name} could not be loaded: {reason}")
        return model

    def _open_context(self, options: LoadOptions) -> Any:
        parameters = self._llama.llama_context_default_params()
        parameters.n_ctx = options.context
        parameters.n_batch = parameters.n_ubatch = min(PROMPT_BATCH, options.context)
        parameters.n_threads = parameters.n_threads_batch = options.threads
        parameters.type_k = parameters.type_v = CACHE_TYPES[options.cache_type]
        # llama.cpp supports quantised values in the cache only with flash attention.
        parameters.flash_attn_type = _FLASH_ATTENTION_AUTO if options.cache_type == "f16" else _FLASH_ATTENTION_ON
        context = self._llama.llama_init_from_model(self._model, parameters)
        if not context:
            raise ModelUnavailable(
                f"There is not enough memory for a context of {options.context:,} tokens. {' '.join(self._errors)}"
            )
        return context

    def _install_abort(self) -> ctypes.Array[ctypes.c_char]:
        """Return a flag that makes llama.cpp stop at the next node of its graph.

        llama.cpp calls an abort callback about a thousand times per token, too often for a Python function. So the
        callback is libc's `strlen`, and its argument is the flag. `strlen` returns 0 until the flag is set, then 1.
        """
        flag = ctypes.create_string_buffer(2)
        strlen = ctypes.cast(ctypes.CDLL(None).strlen, self._llama.ggml_abort_callback)
        self._llama.llama_set_abort_callback(self._context, strlen, ctypes.cast(flag, ctypes.c_void_p))
        self._abort_callback = strlen
        return flag

    def _decode(self, tokens: list[int]) -> bool:
        """Append tokens to the cache. Returns False if the computation was interrupted; then the cache is unchanged."""
        batch = (ctypes.c_int32 * len(tokens))(*tokens)
        status = self._llama.llama_decode(self._context, self._llama.llama_batch_get_one(batch, len(tokens)))
        if status == 0:
            self._tokens += tokens
            self._is_stored = False
            return True
        self._truncate(len(self._tokens))
        if status == _DECODE_ABORTED:
            return False
        raise ModelUnavailable(f"llama.cpp could not continue (status {status}). {' '.join(self._errors)}")

    def _recall(self, tokens: list[int]) -> int:
        """Set the cache to the longest beginning of `tokens` that is stored, and return the length of this beginning.

        The last token is never taken from the store: it must be read again, because sampling needs its logits.
        """
        to_read = tokens[:-1]
        current = common_length(np.asarray(self._tokens, np.int32), np.asarray(to_read, np.int32))
        stored = self._prefixes.longest(to_read, more_than=current + MIN_STORED_TOKENS)
        if len(self._tokens) - current >= MIN_STORED_TOKENS:
            self._store_state()
        if stored:
            restored = self._llama.llama_state_seq_set_data(
                self._context, _pointer(stored.state), stored.state.nbytes, 0
            )
            self._tokens = stored.tokens.tolist() if restored else []
            current = common_length(stored.tokens, np.asarray(to_read, np.int32)) if restored else 0
            self._is_stored = True
        return self._truncate(current)

    def _store_state(self) -> None:
        if self._is_stored or len(self._tokens) < MIN_STORED_TOKENS:
            return
        size = self._llama.llama_state_seq_get_size(self._context, 0)
        if self._prefixes.takes(size):
            state = np.empty(size, np.uint8)
            written = self._llama.llama_state_seq_get_data(self._context, _pointer(state), size, 0)
            if written:
                self._prefixes.keep(self._tokens, state[:written])
                self._is_stored = True

    def _truncate(self, length: int) -> int:
        """Keep the first `length` tokens in the cache, remove the others, and return the number of remaining tokens.

        Some architectures can only remove all tokens. Then none remain.
        """
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
                raise RequestInvalid("llama.cpp does not support the grammar of this JSON schema. Simplify the schema.")
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
    """Return the GBNF grammar of the JSON documents that match a schema. Raises RequestInvalid."""
    from llama_cpp.llama_grammar import json_schema_to_gbnf

    try:
        grammar = json_schema_to_gbnf(json.dumps(schema or {"type": "object"}))
    except (AssertionError, AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise RequestInvalid(f"This JSON schema is not supported: {error}") from error
    if len(grammar) > MAX_GRAMMAR:
        # llama.cpp unrolls repetitions, and aborts its process if the result is too deep.
        raise RequestInvalid("The grammar of this JSON schema is too large. Use smaller lengths and counts.")
    # The grammar's rule for strings accepts control characters, but JSON does not.
    return str(grammar).replace(r'[^"\\]', r'[^"\\\x7F\x00-\x1F]').encode()


def _pointer(state: np.ndarray) -> Any:
    return state.ctypes.data_as(ctypes.POINTER(ctypes.c_uint8))


def _collect_errors(llama: Any) -> deque[str]:
    """Collect the last few error messages of llama.cpp, and print none of its log messages."""
    errors: deque[str] = deque(maxlen=4)

    def listen(level: int, text: bytes, _data: object) -> None:
        if level == _LOG_ERROR:
            errors.append(text.decode("utf-8", "replace").strip())

    callback = llama.llama_log_callback(listen)
    _callbacks.append(callback)
    llama.llama_log_set(callback, None)
    return errors


# llama.cpp calls the callbacks until the process exits. This list keeps them from being garbage-collected.
_callbacks: list[Any] = []
