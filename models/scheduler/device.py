"""One device at work: a generation at a time, and beside it one pass after another, made of what waits for it."""

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from typing import Any

from models.errors import ModelCrashed, ModelUnavailable
from models.scheduler.fair_queue import FairQueue, Lane, Ticket, Urgency

RunPass = Callable[[Sequence[Any]], Awaitable[Sequence[Any]]]


class Turn:
    """One request that waits to generate; it is told its place, 1 for the next."""

    def __init__(self, on_position: Callable[[int], None]) -> None:
        self.on_position = on_position
        self.granted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.holds_device = False


class Part:
    """One request's share of a pass. Parts of one `key` merge while their tokens together stay within the budget."""

    def __init__(self, key: str, payload: Any, tokens: int, run: RunPass) -> None:
        self.key, self.payload, self.tokens, self.run = key, payload, tokens, run
        self.result: asyncio.Future[Any] = asyncio.get_running_loop().create_future()


class Device:
    """A device's queue and what it does at the moment. `name` is for people."""

    def __init__(self, name: str, *, capacity: int, pass_tokens: int) -> None:
        self.name = name
        self.queue: FairQueue[Turn | Part] = FairQueue(name, capacity)
        self.largest_pass = 0
        self._pass_tokens = pass_tokens
        self._generating = False
        self._passing: asyncio.Task[None] | None = None
        self._current: list[Part] = []
        self._closed = False

    @contextlib.asynccontextmanager
    async def turn(
        self, *, urgency: Urgency, user: str, on_position: Callable[[int], None], admitted: bool = False
    ) -> AsyncGenerator[None, None]:
        """Hold the device for a generation. `admitted` requests come again. Raises QueueFull."""
        turn = Turn(on_position)
        ticket: Ticket[Turn | Part] = Ticket(turn, Lane.GENERATION, urgency, user)
        self.queue.enter(ticket, admitted=admitted)
        self._grant()
        try:
            await turn.granted
            began = time.monotonic()
            yield
            self.queue.served(Lane.GENERATION, time.monotonic() - began)
        finally:
            if turn.holds_device:
                self._generating = False
            else:
                self.queue.leave(ticket)
            self._grant()

    async def take_part(self, part: Part, *, urgency: Urgency, user: str, admitted: bool) -> Any:
        """The result of a request's share of a pass. Raises QueueFull, and what the pass raises."""
        ticket: Ticket[Turn | Part] = Ticket(part, Lane.PASS, urgency, user)
        self.queue.enter(ticket, admitted=admitted)
        self._start_pass()
        try:
            return await part.result
        finally:
            self.queue.leave(ticket)

    def _grant(self) -> None:
        while not self._generating:
            ticket = self.queue.take(Lane.GENERATION)
            if ticket is None:
                break
            turn = ticket.work
            if isinstance(turn, Turn) and not turn.granted.done():
                turn.holds_device = self._generating = True
                turn.granted.set_result(None)
        for number, ticket in enumerate(self.queue.in_order(Lane.GENERATION), 1):
            if isinstance(ticket.work, Turn):
                ticket.work.on_position(number)

    def _start_pass(self) -> None:
        if self._passing is None and not self._closed and (parts := self._next_pass()):
            self._passing = asyncio.create_task(self._pass(parts))

    def _next_pass(self) -> list[Part]:
        """What waits and goes together; entries whose caller left are dropped."""
        parts: list[Part] = []
        urgency, tokens = Urgency.INTERACTIVE, 0
        for ticket in list(self.queue.in_order(Lane.PASS)):
            part = ticket.work
            if not isinstance(part, Part):
                continue
            if part.result.done():
                self.queue.leave(ticket)
                continue
            if parts and (part.key != parts[0].key or ticket.urgency is not urgency):
                continue
            if parts and tokens + part.tokens > self._pass_tokens:
                break
            self.queue.leave(ticket)
            if not parts:
                self.queue.send_back(ticket)
            urgency, tokens = ticket.urgency, tokens + part.tokens
            parts.append(part)
        return parts

    async def _pass(self, parts: list[Part]) -> None:
        began = time.monotonic()
        self.largest_pass = max(self.largest_pass, len(parts))
        outcomes: Sequence[Any] = ()
        self._current = parts
        try:
            outcomes = await _outcomes(parts)
        finally:
            self.queue.served(Lane.PASS, (time.monotonic() - began) / len(parts))
            self._passing = None
            # The device goes on before those who waited are answered.
            self._start_pass()
        for part, outcome in zip(parts, outcomes, strict=True):
            if not part.result.done():
                part.result.set_exception(outcome) if isinstance(outcome, Exception) else part.result.set_result(
                    outcome
                )

    async def close(self) -> None:
        """Let nothing go on; those who wait for a pass are told."""
        self._closed = True
        waiting = [ticket.work for ticket in self.queue.in_order(Lane.PASS)]
        if self._passing:
            self._passing.cancel()
            await asyncio.wait([self._passing])
        for part in [*self._current, *waiting]:
            if isinstance(part, Part) and not part.result.done():
                part.result.set_exception(ModelUnavailable("The model runtime is being stopped."))


async def _outcomes(parts: Sequence[Part]) -> Sequence[Any]:
    """The result of each part, or its error.

    Where the model's process dies of a pass, each part is tried once more alone, so that only the guilty one fails.
    """
    try:
        return await parts[0].run([part.payload for part in parts])
    except ModelCrashed:
        return [await _alone(part) for part in parts]
    except Exception as error:  # noqa: BLE001 - whatever it is, those who wait must hear of it
        return [error] * len(parts)


async def _alone(part: Part) -> Any:
    try:
        (result,) = await part.run([part.payload])
    except Exception as error:  # noqa: BLE001 - as above
        return error
    return result
