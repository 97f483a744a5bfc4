"""A backend that does what the prompt says: answer, hang, crash, or use up memory. It runs in a real child process."""

import ctypes
import threading
import time
from collections.abc import Callable, Iterator, Mapping

from models.backends import LoadOptions
from models.generation.sampling import Sampling

CHUNK = 16 * 2**20


class MisbehavingBackend:
    context = 4096
    chat_template = "{{ messages[-1].content }}"
    special_tokens: Mapping[str, str] = {}
    reused_tokens = 0

    def __init__(self, _options: LoadOptions) -> None:
        self._prompt = ""
        self._eaten: list[bytearray] = []

    def tokenize(self, prompt: str) -> list[int]:
        self._prompt = str(prompt)
        return list(range(len(prompt)))

    def generate(
        self, tokens: list[int], _sampling: Sampling, on_prompt: Callable[[int, int], None], _cancelled: threading.Event
    ) -> Iterator[bytes]:
        on_prompt(len(tokens), len(tokens))
        yield b"begun "
        self._misbehave(self._prompt)
        yield b"and done"

    def embed(self, texts: list[str]) -> tuple[list[bytes], int]:
        for text in texts:
            self._misbehave(text)
        return [len(text).to_bytes(4, "little") for text in texts], len(texts)

    def interrupt(self) -> None:
        pass

    def rest(self) -> None:
        pass

    def _misbehave(self, text: str) -> None:
        if text == "hang":
            time.sleep(3600)
        if text == "crash":
            ctypes.string_at(0)
        while text == "eat":
            self._eaten.append(bytearray(CHUNK))
