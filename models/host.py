"""Loads models when they are first asked for, and runs each in a thread of its own."""

import asyncio
import base64
import importlib.util
import subprocess
import sys
import threading
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import numpy as np
import structlog

from models.backends import ChatBackend, EmbeddingBackend
from models.backends.onnx import MANIFEST, Manifest
from models.catalogue import Backend, Catalogue, Model, Role, sha256_of
from models.errors import ModelUnavailable, RequestInvalid
from models.messages import (
    ChatRequest,
    EmbeddingItem,
    EmbeddingRequest,
    EmbeddingResponse,
    ModelCard,
    ModelList,
    Usage,
)

EXPORT_TIMEOUT_S = 600
MAX_INPUTS = 2048
# Pieces of an answer that may wait for a slow reader before the model waits for it.
STREAM_BUFFER = 64

_log = structlog.get_logger()


class _Loaded:
    """A backend with the one thread that may touch it."""

    def __init__(self, backend: EmbeddingBackend | ChatBackend, executor: ThreadPoolExecutor) -> None:
        self.backend = backend
        self.executor = executor


class Host:
    """The models of one catalogue. `threads` are those a forward pass may use."""

    def __init__(self, catalogue: Catalogue, threads: int) -> None:
        self.catalogue = catalogue
        self._threads = threads
        self._loaded: dict[tuple[str, str], _Loaded] = {}
        self._loading: dict[str, asyncio.Lock] = {}

    def list(self) -> ModelList:
        """The models there are, and which of them are loaded."""
        return ModelList(
            data=[
                ModelCard(
                    id=model.id, created=model.added_at, owned_by=model.source, role=model.role.value,
                    backend=model.backend.value, size=model.size, loaded=_key(model) in self._loaded,
                )
                for model in self.catalogue.models()
            ]
        )  # fmt: skip

    async def embed(self, request: EmbeddingRequest) -> EmbeddingResponse:
        """Raises ModelUnknown, RequestInvalid or ModelUnavailable."""
        texts = [request.input] if isinstance(request.input, str) else request.input
        if not texts or len(texts) > MAX_INPUTS:
            raise RequestInvalid(f"`input` holds {len(texts)} texts; from 1 to {MAX_INPUTS} are taken.")
        model = self._find(request.model, Role.EMBED)
        loaded = await self._load(model)
        backend: EmbeddingBackend = loaded.backend  # type: ignore[assignment] # its role says so
        vectors = await asyncio.get_running_loop().run_in_executor(loaded.executor, backend.embed, texts)
        as_text = request.encoding_format == "base64"
        tokens = sum(len(text.split()) for text in texts)
        return EmbeddingResponse(
            data=[
                EmbeddingItem(
                    index=index,
                    embedding=base64.b64encode(vector).decode() if as_text else np.frombuffer(vector, "<f4").tolist(),
                )
                for index, vector in enumerate(vectors)
            ],
            model=model.id,
            usage=Usage(prompt_tokens=tokens, total_tokens=tokens),
        )

    async def stream_chat(self, request: ChatRequest) -> AsyncGenerator[str, None]:
        """The pieces of an answer. Closing the iterator stops the model at its next token.

        Raises ModelUnknown, RequestInvalid or ModelUnavailable, before the first piece or after some.
        """
        if not request.messages:
            raise RequestInvalid("`messages` is empty; at least one is needed.")
        model = self._find(request.model, Role.CHAT)
        loaded = await self._load(model)
        backend: ChatBackend = loaded.backend  # type: ignore[assignment] # its role says so
        loop = asyncio.get_running_loop()
        pieces: asyncio.Queue[str | None] = asyncio.Queue()
        room = threading.Semaphore(STREAM_BUFFER)
        stopped = threading.Event()

        def produce() -> None:
            if stopped.is_set():
                loop.call_soon_threadsafe(pieces.put_nowait, None)
                return
            stream = backend.stream_chat(request)
            try:
                for piece in stream:
                    loop.call_soon_threadsafe(pieces.put_nowait, piece)
                    room.acquire()
                    if stopped.is_set():
                        break
            finally:
                stream.close()
                loop.call_soon_threadsafe(pieces.put_nowait, None)

        work = loop.run_in_executor(loaded.executor, produce)
        try:
            while (piece := await pieces.get()) is not None:
                room.release()
                yield piece
            await work
        finally:
            stopped.set()
            room.release()

    def _find(self, name: str, role: Role) -> Model:
        model = self.catalogue.find(name)
        if model.role is not role:
            raise RequestInvalid(f"{name} is a model for {model.role.value}, not for {role.value}.")
        return model

    async def _load(self, model: Model) -> _Loaded:
        async with self._loading.setdefault(model.id, asyncio.Lock()):
            if _key(model) not in self._loaded:
                _log.info("loading", model=model.id, backend=model.backend.value)
                executor = ThreadPoolExecutor(1, thread_name_prefix=model.id)
                try:
                    make = _LOADERS[model.backend]
                    backend = await asyncio.get_running_loop().run_in_executor(executor, make, self, model)
                except BaseException:
                    executor.shutdown(wait=False)
                    raise
                self._loaded[_key(model)] = _Loaded(backend, executor)
                _log.info("loaded", model=model.id)
            return self._loaded[_key(model)]

    def _load_onnx(self, model: Model) -> EmbeddingBackend:
        from models.backends.onnx import OnnxBackend

        return OnnxBackend(ensure_export(model, self.catalogue.folder), self._threads)

    def _load_sentence_transformers(self, model: Model) -> EmbeddingBackend:
        from models.backends.sentence_transformers import SentenceTransformersBackend

        return SentenceTransformersBackend(Path(model.path), self._threads)

    def _load_llama_cpp(self, model: Model) -> ChatBackend:
        from models.backends.llama_cpp import LlamaCppBackend

        return LlamaCppBackend(Path(model.path), self._threads)


def _key(model: Model) -> tuple[str, str]:
    """A name whose file was replaced is another model."""
    return model.id, model.sha256


_LOADERS: dict[Backend, Callable[[Host, Model], EmbeddingBackend | ChatBackend]] = {
    Backend.ONNX: Host._load_onnx,
    Backend.SENTENCE_TRANSFORMERS: Host._load_sentence_transformers,
    Backend.LLAMA_CPP: Host._load_llama_cpp,
}


def ensure_export(model: Model, folder: Path) -> Path:
    """The ONNX export of a model, made now where there is none of these weights. Raises ModelUnavailable."""
    target = folder / f"{model.id}-onnx"
    if _exported_from(target) == model.sha256:
        return target
    source = Path(model.path)
    if sha256_of(source / "model.safetensors") != model.sha256:
        raise ModelUnavailable(f"The weights of {model.id} are not the known ones. Install its package again.")
    if not _torch_is_installed():
        raise ModelUnavailable(
            "torch, from which the embedding model is exported once, is not installed yet. `lampstand status` shows how far "
            "the installation is; `pip install 'lampstand[embedding]'` does it by hand."
        )
    _log.info("exporting to ONNX", model=model.id)
    command = [sys.executable, "-P", "-m", "models.backends.onnx_export", str(source), str(target)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=EXPORT_TIMEOUT_S, check=False)  # noqa: S603 - this interpreter and our own module, which starts no children
    except subprocess.TimeoutExpired as error:
        raise ModelUnavailable(f"Exporting {model.id} took over {EXPORT_TIMEOUT_S} seconds and was ended.") from error
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no output"])[-1]
        raise ModelUnavailable(f"{model.id} could not be exported to ONNX: {last}")
    _log.info("exported", model=model.id, manifest=done.stdout.strip().splitlines()[-1])
    return target


def _torch_is_installed() -> bool:
    return importlib.util.find_spec("torch") is not None and importlib.util.find_spec("onnx") is not None


def _exported_from(target: Path) -> str | None:
    try:
        return msgspec.json.decode((target / MANIFEST).read_bytes(), type=Manifest).source_sha256
    except (OSError, msgspec.MsgspecError):
        return None
