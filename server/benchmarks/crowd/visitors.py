"""Visitors with a fixed schedule, in a separate process.

    python -m server.benchmarks.crowd.visitors PORT

Each line on standard input is a `Visits`. Each line on standard output is a list of `VisitResults`, one per visitor. A call is
sent at its due time, even if earlier calls still wait for an answer. The measured time starts at the due time, so a server that
stalls cannot hide the delay. Calls with an even number use one kept connection. Calls with an odd number open a new connection,
like a new visitor.
"""

import asyncio
import contextlib
import os
import re
import sys
import time
from collections import Counter

import msgspec
import uvloop

from server.benchmarks.crowd.connection import Connection, allow_many_connections
from server.benchmarks.crowd.messages import CLOSED, SERVED, TIMEOUT, Call, Visitor, VisitResults, Visits

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

    async def run(self, start: float) -> VisitResults:
        first_due, interval = start + self._visitor.first_s, self._visitor.interval_s
        await asyncio.gather(
            *(
                self._call(call, first_due + number * interval, number)
                for number, call in enumerate(self._visitor.calls)
            )
        )
        if self._kept:
            self._kept.close()
        return VisitResults(took_ms=self._took_ms, refused=dict(self._refused))

    async def _call(self, call: Call, due: float, number: int) -> None:
        await asyncio.sleep(due - time.perf_counter())
        reason = ""
        try:
            async with asyncio.timeout(due + self._timeout_s - time.perf_counter()):
                reason = await self._answer(call, new_connection=number % 2 == 1)
        except TimeoutError:
            reason = TIMEOUT
        except OSError:
            reason = CLOSED
        if reason:
            self._refused[reason] += 1
        self._took_ms.append((self._timeout_s if reason else time.perf_counter() - due) * 1000)

    async def _answer(self, call: Call, *, new_connection: bool) -> str:
        """Send a call and read its answer. Return the reason why the answer is not good, or an empty string."""
        connection = None if new_connection else self._kept
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
            if complete and not new_connection and self._kept is None:
                self._kept = connection
            else:
                connection.close()
        if status != SERVED:
            return str(status)
        return "" if matches else UNEXPECTED


async def visit(port: int, visits: Visits) -> list[VisitResults]:
    """Run the schedules of all visitors to their end."""
    # Do not use the loop's clock: uvloop counts whole milliseconds.
    start = time.perf_counter() + HEAD_START_S
    runs = [_Visit(visitor, port, visits.timeout_s).run(start) for visitor in visits.visitors]
    return list(await asyncio.gather(*runs))


async def main() -> None:
    port = int(sys.argv[1])
    allow_many_connections()
    # A reader's phone is another machine, so the visitors must not wait for a processor core of this machine.
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, NICENESS)
    while line := await asyncio.to_thread(sys.stdin.readline):
        results = await visit(port, msgspec.json.decode(line, type=Visits))
        sys.stdout.write(msgspec.json.encode(results).decode() + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    uvloop.run(main())
