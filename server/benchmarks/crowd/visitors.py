"""Visitors with a fixed schedule, in a process of their own.

    python -m server.benchmarks.crowd.visitors PORT

Each line on standard input is a `Visits`, each line on standard output its `Visited` results, one per visitor. A call is
sent at its due moment even where earlier ones still wait, and its time counts from that moment: a server that stalls
cannot hide it. Even calls use the connection that the visitor keeps, odd ones a new one, as a newcomer does.
"""

import asyncio
import contextlib
import os
import re
import sys
from collections import Counter

import msgspec
import uvloop

from server.benchmarks.crowd.connection import Connection
from server.benchmarks.crowd.messages import CLOSED, SERVED, TIMEOUT, Call, Visited, Visitor, Visits

HEAD_START_S, NICENESS = 0.1, -5
UNEXPECTED = "unexpected"


class _Visit:
    """One visitor of one period."""

    def __init__(self, visitor: Visitor, port: int, timeout_s: float) -> None:
        self._visitor, self._port, self._timeout_s = visitor, port, timeout_s
        self._expects = re.compile(visitor.expects.encode()) if visitor.expects else None
        self._kept: Connection | None = None
        self._took_ms: list[float] = []
        self._refused: Counter[str] = Counter()

    async def run(self, start: float) -> Visited:
        first, every = start + self._visitor.first_s, self._visitor.every_s
        await asyncio.gather(
            *(self._call(call, first + number * every, number) for number, call in enumerate(self._visitor.calls))
        )
        if self._kept:
            self._kept.close()
        return Visited(took_ms=self._took_ms, refused=dict(self._refused))

    async def _call(self, call: Call, due: float, number: int) -> None:
        clock = asyncio.get_running_loop().time
        await asyncio.sleep(due - clock())
        reason = ""
        try:
            async with asyncio.timeout_at(due + self._timeout_s):
                reason = await self._answer(call, newcomer=number % 2 == 1)
        except TimeoutError:
            reason = TIMEOUT
        except OSError:
            reason = CLOSED
        if reason:
            self._refused[reason] += 1
        self._took_ms.append((self._timeout_s if reason else clock() - due) * 1000)

    async def _answer(self, call: Call, *, newcomer: bool) -> str:
        """Send a call and read its answer; why it is not a good one, or nothing."""
        connection = None if newcomer else self._kept
        if connection:
            self._kept = None
        else:
            connection = await Connection.open(self._visitor.source, self._port)
        complete = False
        try:
            status = await connection.send(call)
            if self._expects and status == SERVED:
                matches = bool(self._expects.search(await connection.whole_body()))
            else:
                await connection.skip_body()
                matches = True
            complete = connection.stays_open
        finally:
            if complete and not newcomer and self._kept is None:
                self._kept = connection
            else:
                connection.close()
        if status != SERVED:
            return str(status)
        return "" if matches else UNEXPECTED


async def visit(port: int, visits: Visits) -> list[Visited]:
    """Run the schedules of all visitors to their end."""
    start = asyncio.get_running_loop().time() + HEAD_START_S
    runs = [_Visit(visitor, port, visits.timeout_s).run(start) for visitor in visits.visitors]
    return list(await asyncio.gather(*runs))


async def main() -> None:
    port = int(sys.argv[1])
    # A reader's phone is another machine: its waiting for a core of this one is not the server's slowness.
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, NICENESS)
    while line := await asyncio.to_thread(sys.stdin.readline):
        visited = await visit(port, msgspec.json.decode(line, type=Visits))
        sys.stdout.write(msgspec.json.encode(visited).decode() + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    uvloop.run(main())
