"""Passes over texts on one device: each is made of the requests that wait, and several may run at once."""

import asyncio
import itertools
import math
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, NamedTuple

from models.errors import ModelCrashed, ModelUnavailable
from models.scheduler.fair_queue import FairQueue, Ticket, Urgency

# From the payloads of the parts of a pass to a result per part.
RunPass = Callable[[Sequence[Any]], Awaitable[Sequence[Any]]]
# Fewer tokens than this are not worth dividing between passes that could run in parallel.
MIN_TOKENS = 64
# Turns of the event loop without another request after which the passes start: a request takes two to get here.
QUIET_TURNS = 2


class PassLimits(NamedTuple):
    """How a model's passes run: at most `parallel` at once, of at most `tokens` each."""

    parallel: int
    tokens: int


class PassPart:
    """One request's share of a pass. Parts of one `key` merge while their tokens together stay within the limit."""

    def __init__(self, key: str, payload: Any, tokens: int, run: RunPass, limits: PassLimits) -> None:
        self.key, self.payload, self.tokens, self.run, self.limits = key, payload, tokens, run, limits
        self.alone = False
        self.result: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

    @property
    def parallel(self) -> int:
        """How many passes may run at once, where this is part of one."""
        return 1 if self.alone else self.limits.parallel

    def joins(self, other: "PassPart") -> bool:
        """True where the two may be in one pass."""
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
    """The queue of a device's parts of passes, and the passes that run. `largest_pass` counts requests."""

    def __init__(self, name: str, *, capacity: int) -> None:
        self.queue: FairQueue[PassPart] = FairQueue(name, capacity)
        self.largest_pass = 0
        self._running: list[_RunningPass] = []
        self._closed = False
        self._arrivals, self._is_gathering = 0, False

    async def run_part(self, part: PassPart, *, urgency: Urgency, user: str, admitted: bool) -> Any:
        """The result of a request's share of a pass. Raises QueueFull, and what the pass raises."""
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
        """End every pass; callers that wait for one get ModelUnavailable."""
        self._closed = True
        waiting = self._waiting()
        running = list(self._running)
        for a_pass in running:
            a_pass.task.cancel()
        if running:
            await asyncio.wait([a_pass.task for a_pass in running])
        for ticket in [*itertools.chain.from_iterable(a_pass.tickets for a_pass in running), *waiting]:
            if not ticket.work.result.done():
                ticket.work.result.set_exception(ModelUnavailable("The model runtime is being stopped."))

    def _gather(self, arrivals: int, turns: int) -> None:
        """Start passes when the event loop has turned without another request: so a burst runs as one batch."""
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
        """The parts of the next pass; none where nothing waits or the device has no room for one more pass."""
        waiting = self._waiting()
        if not waiting:
            return []
        first = waiting[0]
        free_passes = min([first.work.parallel, *(a_pass.parallel for a_pass in self._running)]) - len(self._running)
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
        """Every part that waits, in order; those whose caller left are dropped."""
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
        except Exception as error:  # noqa: BLE001 - whatever it is, the waiting callers must be told
            outcomes = [error] * len(parts)
        finally:
            self.queue.served((time.monotonic() - began) / len(parts) / parallel)
            self._running.remove(running)
            # The next passes start before the callers of this one are answered.
            self._start_passes()
        for part, outcome in zip(parts, outcomes, strict=True):
            if outcome is None or part.result.done():
                continue
            part.result.set_exception(outcome) if isinstance(outcome, Exception) else part.result.set_result(outcome)

    def _retry_alone(self, tickets: Sequence[PartTicket], error: ModelCrashed) -> Sequence[ModelCrashed | None]:
        """Queue each part of a pass that the model died of once more, alone, so that only the guilty one fails.

        The outcome of a part is the error where it was alone already, None where it is tried again.
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
