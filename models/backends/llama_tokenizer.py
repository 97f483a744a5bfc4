"""Convert prompts to tokens of a GGUF vocabulary, with llama.cpp's tokenizer."""

import ctypes
from collections.abc import Iterator
from typing import Any

from models.errors import RequestInvalid
from models.generation.special_tokens import PromptSplitter, SpecialToken, read_special_texts


class LlamaTokenizer:
    """The tokenizer of one loaded model. `llama` is the module `llama_cpp.llama_cpp`."""

    def __init__(self, llama: Any, vocabulary: Any) -> None:
        self._llama, self._vocabulary = llama, vocabulary
        self._begin = int(llama.llama_vocab_bos(vocabulary))
        self._adds_begin = bool(llama.llama_vocab_get_add_bos(vocabulary)) and self._begin >= 0
        special = read_special_texts(self._special_tokens())
        self._control = frozenset(special.control.values())
        self._splitter = PromptSplitter(special)

    def tokenize(self, prompt: str) -> list[int]:
        """Return the tokens of a prompt, with the token that every text of this model begins with. Raises RequestInvalid.

        llama.cpp never parses control tokens here. The splitter finds control tokens only where the chat template wrote
        them, so no text of a request becomes a control token. llama.cpp tokenizes each text between two control tokens
        in one call.
        """
        tokens: list[int] = []
        for part in self._splitter.split(prompt):
            tokens += (part,) if isinstance(part, int) else self._plain_tokens(part)
        return [self._begin, *tokens] if self._adds_begin and tokens[:1] != [self._begin] else tokens

    def text_of(self, token: int) -> str:
        """Return the text of a token as it is in the model's file; an empty text for a negative token."""
        if token < 0:
            return ""
        return bytes(self._llama.llama_vocab_get_text(self._vocabulary, token)).decode("utf-8", "replace")

    def _plain_tokens(self, text: str) -> list[int]:
        data = text.encode("utf-8", "replace")
        capacity = len(data) + 8
        while True:
            tokens = (ctypes.c_int32 * capacity)()
            count = self._llama.llama_tokenize(self._vocabulary, data, len(data), tokens, capacity, False, False)
            # A space may be three tokens. If the buffer is too small, llama.cpp returns the required size as a negative count.
            if count >= 0 or -count <= capacity:
                break
            capacity = -count
        if count < 0:
            raise RequestInvalid("The prompt could not be converted to tokens of this model.")
        return [token for token in tokens[:count] if token not in self._control]

    def _special_tokens(self) -> Iterator[SpecialToken]:
        llama = self._llama
        control = llama.LLAMA_TOKEN_ATTR_CONTROL | llama.LLAMA_TOKEN_ATTR_UNKNOWN
        for token in range(llama.llama_vocab_n_tokens(self._vocabulary)):
            kind = llama.llama_vocab_get_attr(self._vocabulary, token)
            if kind & (control | llama.LLAMA_TOKEN_ATTR_USER_DEFINED):
                yield SpecialToken(
                    id=token,
                    text=self.text_of(token),
                    is_control=bool(kind & control),
                    is_user_defined=bool(kind & llama.LLAMA_TOKEN_ATTR_USER_DEFINED),
                    strips_before=bool(kind & llama.LLAMA_TOKEN_ATTR_LSTRIP),
                    strips_after=bool(kind & llama.LLAMA_TOKEN_ATTR_RSTRIP),
                )
