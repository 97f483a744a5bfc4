"""Run one abuse at a time, in a separate process.

    python -m server.benchmarks.crowd.abusers PORT

Each line on standard input is a `Begin` or a `Finish`. Each line on standard output answers one input line, with `Begun` or
`AbuseOutcome`. Request loops are bounded: a client pauses after a refusal, and half-sent requests open at a limited rate.
"""

import asyncio
import contextlib
import re
import sys
from collections import Counter
from collections.abc import Coroutine, Iterator
from itertools import count
from typing import Self
from urllib.parse import quote

import msgspec
import uvloop

from server.benchmarks.crowd.connection import Connection, allow_many_connections
from server.benchmarks.crowd.messages import (
    CLOSED,
    REFUSALS,
    SERVED,
    Abuse,
    AbuseOutcome,
    Begin,
    Begun,
    Call,
    Finish,
    HalfSent,
    OpenStreams,
    Questions,
    Repeated,
)

CREATED, ERRORS = 201, 400
STOPPING_S = 20.0
HALF_A_HEADER = b"GET /api/v1/health HTTP/1.1\r\nhost: 127.0.0.1\r\naccept: "
# The cursor of the next page is a field at the start or the end of an answer. The rest of the answer contains only rows.
CURSOR_SEARCH_BYTES = 500
_NEXT = re.compile(rb'"next_(after|cursor)":(?:"([^"]+)"|(\d+))')


class _Tally:
    """The counters of one abuse."""

    def __init__(self) -> None:
        self._answered = self._first_served = 0
        self._refused: Counter[str] = Counter()
        self._open = self._open_at_most = 0

    @contextlib.contextmanager
    def in_progress(self) -> Iterator[None]:
        self._open += 1
        self._open_at_most = max(self._open, self._open_at_most)
        try:
            yield
        finally:
            self._open -= 1

    def serve(self, *, first: bool) -> None:
        self._first_served += first

    def answer(self) -> None:
        self._answered += 1

    def refuse(self, reason: str) -> None:
        self._refused[reason] += 1

    def outcome(self) -> AbuseOutcome:
        return AbuseOutcome(
            answered=self._answered,
            refused=dict(self._refused),
            first_served=self._first_served,
            open_at_most=self._open_at_most,
        )


class _Client:
    """A client with one connection. If the server closes the connection, the client opens a new one."""

    def __init__(self, source: str, port: int, tally: _Tally) -> None:
        self._source, self._port, self.tally = source, port, tally
        self._connection: Connection | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_error: object) -> None:
        self._drop()

    async def ask(self, call: Call) -> tuple[int, bytes]:
        """Return the status and body of the answer. Without an answer, count a refusal and return status 0."""
        try:
            connection = self._connection or await Connection.open(self._source, self._port)
            self._connection = connection
            status = await connection.send(call)
            body = await connection.whole_body()
        except OSError:
            self.tally.refuse(CLOSED)
            self._drop()
            return 0, b""
        if not connection.stays_open:
            self._drop()
        if status in REFUSALS:
            self.tally.refuse(str(status))
        return status, body

    async def follow(self, call: Call) -> int:
        """Read a stream to its end. Return its status, or 0 if the connection was lost."""
        try:
            connection = await Connection.open(self._source, self._port)
        except OSError:
            return 0
        try:
            status = await connection.send(call)
            await connection.skip_body()
        except OSError:
            return 0
        finally:
            connection.close()
        return status

    def _drop(self) -> None:
        if self._connection:
            self._connection.close()
            self._connection = None


async def _repeat(abuse: Repeated, number: int, port: int, tally: _Tally) -> None:
    async with _Client(abuse.source, port, tally) as client:
        for attempt in count():
            call: Call | None = abuse.calls[(number + attempt) % len(abuse.calls)]
            first = attempt == 0
            while call:
                with tally.in_progress():
                    status, body = await client.ask(call)
                served = status not in (0, *REFUSALS)
                if served:
                    tally.serve(first=first)
                    tally.answer()
                if status == 0 or status >= ERRORS:
                    await asyncio.sleep(abuse.pause_s)
                call = next_page(call, body) if served and abuse.follow_pages else None
                first = False


def next_page(call: Call, body: bytes) -> Call | None:
    """Return the call for the next page, or None after the last page."""
    match = _NEXT.search(body[:CURSOR_SEARCH_BYTES]) or _NEXT.search(body[-CURSOR_SEARCH_BYTES:])
    if not match:
        return None
    name, text, digits = (part.decode() if part else "" for part in match.groups())
    path = re.sub(rf"[?&]{name}=[^&]*", "", call.path)
    return msgspec.structs.replace(call, path=f"{path}{'&' if '?' in path else '?'}{name}={quote(text or digits)}")


async def _half_send(abuse: HalfSent, pace: "Pace", port: int, tally: _Tally) -> None:
    while True:
        await pace.wait()
        try:
            connection = await Connection.open(abuse.source, port)
        except OSError:
            tally.refuse(CLOSED)
            continue
        with tally.in_progress():
            try:
                await connection.until_closed(HALF_A_HEADER)
            finally:
                connection.close()
        tally.refuse(CLOSED)


class Pace:
    """A rate limit that all clients of an abuse share."""

    def __init__(self, per_second: float) -> None:
        self._interval_s, self._next = 1 / per_second, 0.0

    async def wait(self) -> None:
        """Wait until the rate limit allows the next action."""
        now = asyncio.get_running_loop().time()
        due = max(now, self._next)
        self._next = due + self._interval_s
        await asyncio.sleep(due - now)


async def _question(abuse: Questions, number: int, port: int, tally: _Tally, unfinished: set[str]) -> None:
    async with _Client(abuse.source, port, tally) as client:
        for attempt in count():
            question = abuse.questions[(number + attempt * abuse.clients) % len(abuse.questions)]
            # Do not repeat a question, because its vector would be cached.
            body = msgspec.json.encode({"question": f"{question} ({attempt})"}).decode()
            status, answer = await client.ask(Call(method="POST", path="/api/v1/ask", body=body, token=abuse.token))
            if status != CREATED:
                await asyncio.sleep(abuse.pause_s)
                continue
            tally.serve(first=attempt == 0)
            message = msgspec.json.decode(answer)["id"]
            unfinished.add(message)
            with tally.in_progress():
                stream_status = await client.follow(Call(path=f"/api/v1/messages/{message}/stream", token=abuse.token))
            if stream_status == SERVED:
                unfinished.discard(message)
                tally.answer()
            else:
                tally.refuse(str(stream_status or CLOSED))
                await asyncio.sleep(abuse.pause_s)


async def _stop(abuse: Questions, port: int, messages: set[str]) -> None:
    """Stop the unfinished answers, so that they do not affect the next period."""
    async with asyncio.timeout(STOPPING_S), _Client(abuse.source, port, _Tally()) as client:
        for message in messages:
            await client.ask(Call(method="POST", path=f"/api/v1/messages/{message}/stop", token=abuse.token))


async def _listen(abuse: OpenStreams, call: Call, port: int, tally: _Tally) -> None:
    for attempt in count():
        connection: Connection | None = None
        try:
            connection = await Connection.open(abuse.source, port)
            status = await connection.send(call)
            if status == SERVED:
                tally.serve(first=attempt == 0)
                tally.answer()
                with tally.in_progress():
                    await connection.skip_body()
            else:
                tally.refuse(str(status))
        except OSError:
            tally.refuse(CLOSED)
        finally:
            if connection:
                connection.close()
        await asyncio.sleep(abuse.pause_s)


async def run_abuse(port: int, begin: Begin) -> AbuseOutcome:
    """Run an abuse for the requested seconds, then close all connections of the abuse."""
    abuse, tally, unfinished = begin.abuse, _Tally(), set[str]()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(begin.seconds):
            await asyncio.gather(*_clients(abuse, port, tally, unfinished))
    outcome = tally.outcome()
    if isinstance(abuse, Questions):
        with contextlib.suppress(TimeoutError):
            await _stop(abuse, port, unfinished)
    return outcome


def _clients(abuse: Abuse, port: int, tally: _Tally, unfinished: set[str]) -> list[Coroutine[None, None, None]]:
    match abuse:
        case Repeated():
            return [_repeat(abuse, number, port, tally) for number in range(abuse.clients)]
        case Questions():
            return [_question(abuse, number, port, tally, unfinished) for number in range(abuse.clients)]
        case HalfSent():
            pace = Pace(abuse.per_second)
            return [_half_send(abuse, pace, port, tally) for _ in range(abuse.connections)]
        case OpenStreams():
            return [_listen(abuse, call, port, tally) for call in abuse.calls]


async def main() -> None:
    port = int(sys.argv[1])
    allow_many_connections()
    running: asyncio.Task[AbuseOutcome] | None = None
    while line := await asyncio.to_thread(sys.stdin.readline):
        message = msgspec.json.decode(line, type=Begin | Finish)
        answer: Begun | AbuseOutcome
        if isinstance(message, Begin):
            running, answer = asyncio.create_task(run_abuse(port, message)), Begun()
        else:
            assert running is not None  # noqa: S101 - the measurement sends Begin first
            answer = await running
        sys.stdout.write(msgspec.json.encode(answer).decode() + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    uvloop.run(main())
