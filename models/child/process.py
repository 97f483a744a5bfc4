"""The runtime's side of a child process: start it, exchange frames, and detect when it dies or hangs."""

import asyncio
import contextlib
import itertools
import os
import signal
import socket
import sys
import time
from collections.abc import AsyncGenerator, Callable, Mapping

import msgspec
import structlog

from models.backends import LoadOptions
from models.child.frames import (
    LENGTH,
    Answer,
    Cancel,
    Embed,
    Generate,
    GenerationFinished,
    Loaded,
    NotLoaded,
    Piece,
    RequestFailed,
    Rerank,
    Scores,
    ToChild,
    Vectors,
    Working,
    decode_answer,
    encode,
)
from models.child.limits import OUT_OF_MEMORY
from models.errors import ModelCrashed, ModelError, ModelUnavailable, RequestInvalid
from models.processes import end_group

_log = structlog.get_logger()
END_TIMEOUT_S = 10.0
_TERMINAL = (Vectors, Scores, GenerationFinished, RequestFailed)


class ChildProcess:
    """A child process with one model. `start` starts the process. `end`, a crash or the watchdog ends it."""

    def __init__(
        self,
        name: str,
        process: asyncio.subprocess.Process,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        hang_timeout_s: float,
    ) -> None:
        self.name = name
        self.loaded = Loaded(0, 0.0)
        self.on_death: Callable[[], None] = lambda: None
        self._process, self._reader, self._writer = process, reader, writer
        self._hang_timeout_s = hang_timeout_s
        self._request_ids = itertools.count(1)
        self._waiting: dict[int, asyncio.Queue[Answer | None]] = {}
        self._death = ""
        self._last_frame = time.monotonic()
        self._listener: asyncio.Task[None] | None = None

    @classmethod
    async def start(
        cls,
        name: str,
        location: str,
        options: LoadOptions,
        *,
        load_timeout_s: float,
        hang_timeout_s: float,
        environment: Mapping[str, str],
    ) -> "ChildProcess":
        """Start a process and load a model in it.

        Raises ModelUnavailable if the model cannot be loaded. Raises ModelCrashed if the process died during the loading.
        """
        ours, theirs = socket.socketpair()
        with theirs:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-P",
                "-m",
                "models.child",
                str(theirs.fileno()),
                location,
                msgspec.json.encode(options).decode(),
                pass_fds=(theirs.fileno(),),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                preexec_fn=os.setpgrp,
                env={**os.environ, **environment},
            )
        reader, writer = await asyncio.open_connection(sock=ours)
        child = cls(name, process, reader, writer, hang_timeout_s)
        try:
            async with asyncio.timeout(load_timeout_s):
                await child._await_load()
        except TimeoutError:
            await child.end()
            raise ModelUnavailable(f"{name} was not loaded within {load_timeout_s:.0f} seconds.") from None
        except BaseException:
            await child.end()
            raise
        child._listener = asyncio.create_task(child._listen())
        return child

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return not self._death

    async def embed(self, texts: list[str]) -> Vectors:
        """Embed texts. Raises ModelError; ModelCrashed if the process died or hung."""
        answer = await self._call(Embed(next(self._request_ids), texts))
        if not isinstance(answer, Vectors):
            raise ModelUnavailable(f"{self.name} is not an embedding model.")
        return answer

    async def rerank(self, query: str, documents: list[str], max_ms: int | None) -> Scores:
        """Score documents. Raises ModelError; ModelCrashed if the process died or hung."""
        answer = await self._call(Rerank(next(self._request_ids), query, documents, max_ms))
        if not isinstance(answer, Scores):
            raise ModelUnavailable(f"{self.name} is not a reranking model.")
        return answer

    async def generate(self, request: Generate) -> AsyncGenerator[Working | Piece | GenerationFinished, None]:
        """Yield the model's output; GenerationFinished is last. Closing the iterator stops the model. Raises ModelError."""
        request = msgspec.structs.replace(request, id=next(self._request_ids))
        try:
            encode(request)
        except (OverflowError, TypeError) as error:
            raise RequestInvalid(f"The request contains a value that cannot be sent to the model: {error}.") from error
        async with contextlib.aclosing(self._exchange(request)) as answers:
            async for answer in answers:
                if isinstance(answer, Working | Piece | GenerationFinished):
                    yield answer

    async def end(self) -> None:
        """Kill the process immediately. Requests that wait for its answers fail."""
        end_group(self._process)
        with contextlib.suppress(TimeoutError):
            # A process that hangs in a driver cannot be killed, so the wait has a time limit.
            async with asyncio.timeout(END_TIMEOUT_S):
                await self._process.wait()
        if self._listener is None:
            self._handle_death()
        else:
            self._listener.cancel()
            await asyncio.wait([self._listener])

    async def _call(self, request: ToChild) -> Answer:
        async with contextlib.aclosing(self._exchange(request)) as answers:
            async for answer in answers:
                if isinstance(answer, _TERMINAL):
                    return answer
        raise ModelCrashed(self._death_reason())

    async def _exchange(self, request: ToChild) -> AsyncGenerator[Answer, None]:
        """Send a request and yield its answers. Closing the iterator early cancels the request."""
        if self._death:
            raise ModelCrashed(self._death)
        answers = self._waiting.setdefault(request.id, asyncio.Queue())
        finished = False
        try:
            self._write(request)
            while True:
                answer = await self._next(answers)
                finished = answer is None or isinstance(answer, _TERMINAL)
                if answer is None:
                    raise ModelCrashed(self._death_reason())
                if isinstance(answer, RequestFailed):
                    raise RequestInvalid(answer.message) if answer.invalid else ModelError(answer.message)
                yield answer
                if finished:
                    return
        finally:
            del self._waiting[request.id]
            if not finished and not self._death:
                self._write(Cancel(request.id))

    async def _next(self, answers: asyncio.Queue[Answer | None]) -> Answer | None:
        """Return the next answer. If the process sends no frame of any request for too long, kill the process."""
        began = time.monotonic()
        while True:
            quiet_since = max(began, self._last_frame)
            try:
                async with asyncio.timeout_at(asyncio.get_running_loop().time() + self._remaining_s(quiet_since)):
                    return await answers.get()
            except TimeoutError:
                if self._remaining_s(max(began, self._last_frame)) > 0:
                    continue  # the process is busy with an earlier request
            self._death = (
                f"{self.name} gave no sign of life for {self._hang_timeout_s:.0f} seconds. Its process was stopped."
            )
            _log.error("model hangs", model=self.name, pid=self.pid)
            end_group(self._process)
            raise ModelCrashed(self._death)

    def _remaining_s(self, since: float) -> float:
        return since + self._hang_timeout_s - time.monotonic()

    def _write(self, frame: ToChild) -> None:
        # If the process has ended, the listener notices this. So an error here can be ignored.
        with contextlib.suppress(ConnectionError, RuntimeError):
            self._writer.write(encode(frame))

    async def _await_load(self) -> None:
        frame = await self._read()
        if isinstance(frame, Loaded):
            self.loaded = frame
            return
        if isinstance(frame, NotLoaded):
            raise ModelUnavailable(frame.message)
        await self._process.wait()
        raise ModelCrashed(f"{self.name} could not be loaded: {self._exit_reason()}.")

    async def _listen(self) -> None:
        try:
            while (frame := await self._read()) is not None:
                self._last_frame = time.monotonic()
                answers = None if isinstance(frame, Loaded | NotLoaded) else self._waiting.get(frame.id)
                if answers is not None and not isinstance(frame, Loaded | NotLoaded):
                    answers.put_nowait(frame)
            # The socket is closed: the process is dead, or cannot be used any more.
            end_group(self._process)
            await self._process.wait()
        finally:
            self._handle_death()

    async def _read(self) -> Answer | Loaded | NotLoaded | None:
        try:
            (length,) = LENGTH.unpack(await self._reader.readexactly(LENGTH.size))
            return _decode(await self._reader.readexactly(length))
        except (asyncio.IncompleteReadError, ConnectionError):
            return None
        except msgspec.MsgspecError:
            _log.exception("invalid frame from a child process", model=self.name)
            return None

    def _handle_death(self) -> None:
        self._writer.close()
        self._death = (
            self._death or f"{self.name} stopped: {self._exit_reason()}. The next request starts the model again."
        )
        for answers in self._waiting.values():
            answers.put_nowait(None)
        self.on_death()

    def _death_reason(self) -> str:
        return self._death or f"{self.name} stopped."

    def _exit_reason(self) -> str:
        status = self._process.returncode
        if status is None or status >= 0:
            if status == OUT_OF_MEMORY:
                return "it needed more memory than planned"
            return f"its process ended with status {status}"
        with contextlib.suppress(ValueError):
            return f"its process was killed by {signal.Signals(-status).name}"
        return f"its process was killed by signal {-status}"


def _decode(body: bytes) -> Answer | Loaded | NotLoaded:
    frame: Answer | Loaded | NotLoaded = decode_answer(body)
    return frame
