"""The process of one model: `python -m models.child FD BACKEND OPTIONS`. It is started by the runtime and ends with it."""

import faulthandler
import os
import queue
import socket
import sys
import threading
import time
from pathlib import Path
from typing import Any

import msgspec
import psutil
import structlog

from models.backends import LoadOptions, load_backend
from models.child.frames import (
    LENGTH,
    Cancel,
    Embed,
    FromChild,
    Generate,
    Loaded,
    NotLoaded,
    RequestFailed,
    Rerank,
    Scores,
    ToChild,
    Vectors,
    Working,
    decode_request,
    encode,
)
from models.child.limits import OUT_OF_MEMORY, limit_this_process
from models.child.thread_rates import OtherPrograms, choose_threads
from models.child.writing import GenerationWriter
from models.errors import ModelError, RequestInvalid

# The number of documents that are scored between two checks of the time limit.
RERANK_BATCH = 8

_log = structlog.get_logger()


class Child:
    """Serves one backend. One thread reads requests. As many threads as the backend supports process them in order."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._requests: queue.SimpleQueue[ToChild] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._sending = threading.Lock()
        self._latest = 0
        self._running: set[int] = set()
        self._cancelled = threading.Event()
        self._abandoned: set[int] = set()
        self._backend: Any = None
        self._writer: GenerationWriter | None = None

    def run(self, location: str, options: LoadOptions) -> int:
        threading.Thread(target=self._read, daemon=True).start()
        began, others = time.monotonic(), OtherPrograms()
        try:
            self._backend = load_backend(location, options)
            if hasattr(self._backend, "generate"):
                self._writer = GenerationWriter(self._backend)
            thread_rates = choose_threads(self._backend, options.thread_candidates, others)
        except ModelError as error:
            self._send(NotLoaded(error.message))
            return 1
        except MemoryError:
            raise
        except Exception as error:  # noqa: BLE001 - a library may raise anything; the caller must get an answer
            _log.exception("loading failed")
            self._send(NotLoaded(f"{Path(options.path).name} could not be loaded: {error}"))
            return 1
        loaded = Loaded(
            psutil.Process().memory_info().rss,
            time.monotonic() - began,
            context=getattr(self._backend, "context", 0),
            passes=getattr(self._backend, "passes", 1),
            pass_tokens=getattr(self._backend, "pass_tokens", 0),
            thread_rates=thread_rates,
        )
        self._send(loaded)
        for _ in range(loaded.passes - 1):
            threading.Thread(target=self._serve, daemon=True).start()
        self._serve()
        return 0

    def _serve(self) -> None:
        while True:
            request = self._requests.get()
            with self._lock:
                self._latest = max(self._latest, request.id)
                if request.id in self._abandoned:
                    self._abandoned.discard(request.id)
                    continue
                self._running.add(request.id)
                self._cancelled.clear()
            try:
                self._process(request)
            except MemoryError:
                # After a failed allocation the state of the heap is unknown, so the process exits.
                os._exit(OUT_OF_MEMORY)
            with self._lock:
                self._running.discard(request.id)

    def _process(self, request: ToChild) -> None:
        try:
            if isinstance(request, Embed):
                vectors, tokens = self._backend.embed(request.texts)
                self._send(Vectors(request.id, len(vectors), b"".join(vectors), tokens))
            elif isinstance(request, Rerank):
                self._rerank(request)
            elif isinstance(request, Generate) and self._writer:
                self._writer.write(request, self._cancelled, self._send)
                if self._requests.empty():
                    self._backend.rest()
        except ModelError as error:
            self._send(RequestFailed(request.id, error.message, invalid=isinstance(error, RequestInvalid)))
        except MemoryError:
            raise
        except Exception as error:  # noqa: BLE001 - a library may raise anything; the caller must get an answer
            _log.exception("request failed")
            self._send(RequestFailed(request.id, f"The model failed to process this request: {error}"))

    def _rerank(self, request: Rerank) -> None:
        deadline = time.monotonic() + request.max_ms / 1000 if request.max_ms else None
        scores: list[float] = []
        tokens = 0
        for at in range(0, len(request.documents), RERANK_BATCH):
            if self._cancelled.is_set() or (at and deadline and time.monotonic() > deadline):
                break
            batch_scores, batch_tokens = self._backend.rerank(request.query, request.documents[at : at + RERANK_BATCH])
            scores += batch_scores
            tokens += batch_tokens
            self._send(Working(request.id, len(scores), len(request.documents)))
        self._send(Scores(request.id, scores, tokens))

    def _send(self, frame: FromChild) -> None:
        body = encode(frame)
        with self._sending:
            self._connection.sendall(body)

    def _read(self) -> None:
        stream = self._connection.makefile("rb")
        while head := stream.read(LENGTH.size):
            request = decode_request(stream.read(LENGTH.unpack(head)[0]))
            if isinstance(request, Cancel):
                self._cancel(request.id)
            else:
                self._requests.put(request)
        # The runtime has ended, so no one needs the result of the current computation.
        os._exit(0)

    def _cancel(self, identifier: int) -> None:
        with self._lock:
            if identifier not in self._running:
                # Requests arrive in the order of their ids. A request with an id up to `_latest` is already finished.
                if identifier > self._latest:
                    self._abandoned.add(identifier)
                return
            self._cancelled.set()
            if hasattr(self._backend, "interrupt"):
                self._backend.interrupt()


def main() -> int:
    handle, location, options = sys.argv[1:]
    faulthandler.enable()
    loading = msgspec.json.decode(options, type=LoadOptions)
    os.nice(loading.niceness)
    limit_this_process(loading.memory_limit)
    try:
        return Child(socket.socket(fileno=int(handle))).run(location, loading)
    except MemoryError:
        os._exit(OUT_OF_MEMORY)


if __name__ == "__main__":
    sys.exit(main())
