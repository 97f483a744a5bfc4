"""Chat by llama.cpp, for GGUF files. One context, one request at a time."""

from collections.abc import Generator
from pathlib import Path
from typing import Any

from models.errors import ModelUnavailable, RequestInvalid
from models.messages import ChatRequest

MAX_CONTEXT = 8192
DEFAULT_MAX_TOKENS = 512


class LlamaCppBackend:
    """A GGUF model; its own chat template is used where the file carries one."""

    def __init__(self, file: Path, threads: int) -> None:
        try:
            import llama_cpp
        except ImportError as error:
            raise ModelUnavailable(
                "llama-cpp-python is not installed, or is still being compiled. `lampstand status` shows how far it is."
            ) from error
        try:
            self._model = llama_cpp.Llama(
                model_path=str(file), n_ctx=_context_length(llama_cpp, file), n_threads=threads, verbose=False
            )
        except (ValueError, RuntimeError) as error:
            raise ModelUnavailable(f"{file.name} could not be loaded: {error}") from error

    def stream_chat(self, request: ChatRequest) -> Generator[str, None, None]:
        messages = [{"role": message.role, "content": message.content} for message in request.messages]
        try:
            chunks = self._model.create_chat_completion(
                messages=messages,
                stream=True,
                max_tokens=request.max_tokens or DEFAULT_MAX_TOKENS,
                temperature=request.temperature,
                top_p=request.top_p,
                seed=request.seed,
                stop=request.stop or [],
            )
            for chunk in chunks:
                content = chunk["choices"][0]["delta"].get("content")
                if content:
                    yield content
        except ValueError as error:
            raise RequestInvalid(f"The model refused the request: {error}") from error


def _context_length(llama_cpp: Any, file: Path) -> int:
    """The context the model was trained for, within what a small machine can hold."""
    vocabulary = llama_cpp.Llama(model_path=str(file), vocab_only=True, verbose=False)
    trained = int(vocabulary.metadata.get(f"{vocabulary.metadata.get('general.architecture')}.context_length", 2048))
    vocabulary.close()
    return min(trained, MAX_CONTEXT)
