"""Passes over texts on one device. A pass serves several waiting requests, and several passes may run in parallel."""

import asyncio
import itertools
import math
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, NamedTuple

from models.errors import ModelCrashed, ModelUnavailable
from models.scheduler.fair_queue import FairQueue, Ticket, Urgency

# A function that takes the payloads of the parts of a pass, and returns one result per part.
RunPass = Callable[[Sequence[Any]], Awaitable[Sequence[Any]]]
# If fewer tokens than this wait, they are not divided between parallel passes.
MIN_TOKENS = 64
# Passes start when no request has arrived for this many turns of the event loop. A request needs two turns to arrive.
QUIET_TURNS = 2


class PassLimits(NamedTuple):
    """The limits of a model's passes: at most `parallel` at the same time, with at most `tokens` each."""

    parallel: int
    tokens: int


class PassPart:
    """The part of a pass that serves one request. Parts with the same `key` are merged up to the token limit."""

    def __init__(self, key: str, payload: Any, tokens: int, run: RunPass, limits: PassLimits) -> None:
        self.key, self.payload, self.tokens, self.run, self.limits = key, payload, tokens, run, limits
        self.alone = False
        self.result: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

    @property
    def parallel(self) -> int:
        """How many passes may run at the same time as a pass with this part."""
        return 1 if self.alone else self.limits.parallel

    def joins(self, other: "PassPart") -> bool:
        """Return whether this part and the other part may be in the same pass."""
        return self.key == other.key and not self.alone and not other.alone


PartTicket = Ticket[PassPart]


class _RunningPass:
    """The parts of a pass, and the task that runs it."""

    def __init__(self, tickets: list[PartTicket], run: Callable[["_RunningPass"], Coroutine[Any, Any, None]]) -> None:
        self.tickets = tickets
        self.task = asyncio.create_task(run(self))

    @property
    def parallel(self) -> int:
        return self.tickets[0].work.parallel


class PassLane:
    """The parts that wait for a device, and the running passes. `largest_pass` is the most requests in one pass so far."""

    def __init__(self, name: str, *, capacity: int) -> None:
        self.queue: FairQueue[PassPart] = FairQueue(name, capacity)
        self.largest_pass = 0
        self._running: list[_RunningPass] = []
        self._closed = False
        self._arrivals, self._is_gathering = 0, False

    async def run_part(self, part: PassPart, *, urgency: Urgency, user: str, admitted: bool) -> Any:
        """Run a part in a pass and return its result. Raises QueueFull, and the exceptions of the pass."""
        ticket = Ticket(part, urgency, user)
        self.queue.enter(ticket, admitted=admitted)
        self._arrivals += 1
        if not self._is_gathering:
            self._is_gathering = True
            self._gather(self._arrivals, QUIET_TURNS)
        try:
            return await part.result
        finally:
            self.queue.leave(ticket)

    async def close(self) -> None:
        """Cancel every pass. Callers that wait for a pass get ModelUnavailable."""
        self._closed = True
        waiting = self._waiting()
        running = list(self._running)
        for running_pass in running:
            running_pass.task.cancel()
        if running:
            await asyncio.wait([running_pass.task for running_pass in running])
        for ticket in [*itertools.chain.from_iterable(running_pass.tickets for running_pass in running), *waiting]:
            if not ticket.work.result.done():
                ticket.work.result.set_exception(ModelUnavailable("The model runtime is being stopped."))

    def _gather(self, arrivals: int, turns: int) -> None:
        """Start passes when no request has arrived for some turns of the event loop, so that a burst runs as one batch."""
        if self._arrivals != arrivals:
            arrivals, turns = self._arrivals, QUIET_TURNS
        if turns:
            asyncio.get_running_loop().call_soon(self._gather, arrivals, turns - 1)
            return
        self._is_gathering = False
        self._start_passes()

    def _start_passes(self) -> None:
        while not self._closed and (tickets := self._next_pass()):
            self._running.append(_RunningPass(tickets, self._run))

    def _next_pass(self) -> list[PartTicket]:
        """Return the parts of the next pass; an empty list if no part waits, or if no further pass may start yet."""
        waiting = self._waiting()
        if not waiting:
            return []
        first = waiting[0]
        max_passes = min([first.work.parallel, *(running_pass.parallel for running_pass in self._running)])
        free_passes = max_passes - len(self._running)
        if free_passes < 1:
            return []
        mergeable = [ticket for ticket in waiting if ticket is first or _are_mergeable(first, ticket)]
        share = math.ceil(sum(ticket.work.tokens for ticket in mergeable) / free_passes)
        tokens_left = min(first.work.limits.tokens, max(MIN_TOKENS, share))
        tickets: list[PartTicket] = []
        for ticket in mergeable:
            tokens_left -= ticket.work.tokens
            if tickets and tokens_left < 0:
                break
            self.queue.leave(ticket)
            tickets.append(ticket)
        self.queue.send_back(first)
        return tickets

    def _waiting(self) -> list[PartTicket]:
        """Return every waiting part in order. Parts whose caller disconnected are removed."""
        waiting: list[PartTicket] = []
        for ticket in list(self.queue.in_order()):
            if ticket.work.result.done():
                self.queue.leave(ticket)
            else:
                waiting.append(ticket)
        return waiting

    async def _run(self, running: _RunningPass) -> None:
        began, parallel = time.monotonic(), len(self._running)
        parts = [ticket.work for ticket in running.tickets]
        self.largest_pass = max(self.largest_pass, len(parts))
        outcomes: Sequence[Any] = ()
        try:
            outcomes = await parts[0].run([part.payload for part in parts])
        except ModelCrashed as error:
            outcomes = self._retry_alone(running.tickets, error)
        except Exception as error:  # noqa: BLE001 - the waiting callers must get any error
            outcomes = [error] * len(parts)
        finally:
            self.queue.served((time.monotonic() - began) / len(parts) / parallel)
            self._running.remove(running)
            # The next passes start before the callers of this pass get their results.
            self._start_passes()
        for part, outcome in zip(parts, outcomes, strict=True):
            if outcome is None or part.result.done():
                continue
            part.result.set_exception(outcome) if isinstance(outcome, Exception) else part.result.set_result(outcome)

    def _retry_alone(self, tickets: Sequence[PartTicket], error: ModelCrashed) -> Sequence[ModelCrashed | None]:
        """After a crash of the model, queue each part of the pass again, so that it runs alone.

        Then only the part that causes the crash fails. The outcome of a part is the error if the part already ran
        alone, and None if the part is tried again.
        """
        outcomes: list[ModelCrashed | None] = []
        for ticket in tickets:
            outcomes.append(error if ticket.work.alone else None)
            if not ticket.work.alone:
                ticket.work.alone = True
                self.queue.enter(ticket, admitted=True)
        return outcomes


def _are_mergeable(one: PartTicket, other: PartTicket) -> bool:
    return one.urgency is other.urgency and one.work.joins(other.work)
