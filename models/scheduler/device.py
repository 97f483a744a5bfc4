"""One device at work: a generation at a time, and beside it one pass after another, made of what waits for it."""

import asyncio
import contextlib
import itertools
import math
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from typing import Any, NamedTuple, cast

from models.errors import ModelCrashed, ModelUnavailable
from models.scheduler.fair_queue import FairQueue, Lane, Ticket, Urgency

RunPass = Callable[[Sequence[Any]], Awaitable[Sequence[Any]]]
# Fewer tokens than this are not worth parting between passes that could go side by side.
LEAST_TOKENS = 64
# Turns of the event loop without another request after which those that came go: a request takes two to get here.
QUIET_TURNS = 2


class Passing(NamedTuple):
    """How a model's passes go: so many side by side, of so many tokens at the most."""

    abreast: int
    tokens: int


class Turn:
    """One request that waits to generate; it is told its place, 1 for the next."""

    def __init__(self, on_position: Callable[[int], None]) -> None:
        self.on_position = on_position
        self.granted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.holds_device = False


class Part:
    """One request's share of a pass. Parts of one `key` merge while their tokens together stay within the budget."""

    def __init__(self, key: str, payload: Any, tokens: int, run: RunPass, passing: Passing) -> None:
        self.key, self.payload, self.tokens, self.run, self.passing = key, payload, tokens, run, passing
        self.alone = False
        self.result: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

    @property
    def abreast(self) -> int:
        """How many passes may run at once, where this is part of one."""
        return 1 if self.alone else self.passing.abreast

    def joins(self, other: "Part") -> bool:
        """True where the two may go in one pass."""
        return self.key == other.key and not self.alone and not other.alone


PartTicket = Ticket[Part]


class Device:
    """A device's queue and what it does at the moment. `name` is for people."""

    def __init__(self, name: str, *, capacity: int) -> None:
        self.name = name
        self.queue: FairQueue[Turn | Part] = FairQueue(name, capacity)
        self.largest_pass = 0
        self._generating = False
        self._passes: dict[asyncio.Task[None], list[PartTicket]] = {}
        self._closed = False
        self._came, self._gathering = 0, False

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
        self._came += 1
        if not self._gathering:
            self._gathering = True
            self._gather(self._came, QUIET_TURNS)
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

    def _gather(self, came: int, turns: int) -> None:
        """Start passes when the event loop has turned without bringing more: a burst goes together, nobody waits for it."""
        if self._came != came:
            came, turns = self._came, QUIET_TURNS
        if turns:
            asyncio.get_running_loop().call_soon(self._gather, came, turns - 1)
            return
        self._gathering = False
        self._start_passes()

    def _start_passes(self) -> None:
        while not self._closed and (tickets := self._next_pass()):
            self._passes[asyncio.create_task(self._pass(tickets))] = tickets

    def _next_pass(self) -> list[PartTicket]:
        """What goes together next, where the device has room for one more pass."""
        waiting = self._waiting()
        if not waiting:
            return []
        first = waiting[0]
        running = [tickets[0].work.abreast for tickets in self._passes.values()]
        room = min([first.work.abreast, *running]) - len(running)
        if room < 1:
            return []
        alike = [each for each in waiting if each is first or _go_together(first, each)]
        share = math.ceil(sum(each.work.tokens for each in alike) / room)
        budget = min(first.work.passing.tokens, max(LEAST_TOKENS, share))
        tickets: list[PartTicket] = []
        for ticket in alike:
            budget -= ticket.work.tokens
            if tickets and budget < 0:
                break
            self.queue.leave(cast("Ticket[Turn | Part]", ticket))
            tickets.append(ticket)
        self.queue.send_back(cast("Ticket[Turn | Part]", first))
        return tickets

    def _waiting(self) -> list[PartTicket]:
        """Every part that waits, in order; entries whose caller left are dropped."""
        waiting: list[PartTicket] = []
        for ticket in list(self.queue.in_order(Lane.PASS)):
            if isinstance(ticket.work, Part) and not ticket.work.result.done():
                waiting.append(cast("PartTicket", ticket))
            else:
                self.queue.leave(ticket)
        return waiting

    async def _pass(self, tickets: list[PartTicket]) -> None:
        began, abreast = time.monotonic(), len(self._passes)
        parts = [ticket.work for ticket in tickets]
        self.largest_pass = max(self.largest_pass, len(parts))
        outcomes: Sequence[Any] = ()
        try:
            outcomes = await parts[0].run([part.payload for part in parts])
        except ModelCrashed as error:
            outcomes = self._crashed(tickets, error)
        except Exception as error:  # noqa: BLE001 - whatever it is, those who wait must hear of it
            outcomes = [error] * len(parts)
        finally:
            self.queue.served(Lane.PASS, (time.monotonic() - began) / len(parts) / abreast)
            del self._passes[cast("asyncio.Task[None]", asyncio.current_task())]
            # The device goes on before those who waited are answered.
            self._start_passes()
        for part, outcome in zip(parts, outcomes, strict=True):
            if outcome is None or part.result.done():
                continue
            part.result.set_exception(outcome) if isinstance(outcome, Exception) else part.result.set_result(outcome)

    def _crashed(self, tickets: Sequence[PartTicket], error: ModelCrashed) -> Sequence[ModelCrashed | None]:
        """Have each part of a pass that the model died of tried once more, alone, so that only the guilty one fails."""
        outcomes: list[ModelCrashed | None] = []
        for ticket in tickets:
            outcomes.append(error if ticket.work.alone else None)
            if not ticket.work.alone:
                ticket.work.alone = True
                self.queue.enter(cast("Ticket[Turn | Part]", ticket), admitted=True)
        return outcomes

    async def close(self) -> None:
        """Let nothing go on; those who wait for a pass are told."""
        self._closed = True
        waiting = self._waiting()
        running = dict(self._passes)
        for task in running:
            task.cancel()
        if running:
            await asyncio.wait(running)
        for ticket in [*itertools.chain.from_iterable(running.values()), *waiting]:
            if not ticket.work.result.done():
                ticket.work.result.set_exception(ModelUnavailable("The model runtime is being stopped."))


def _go_together(one: PartTicket, other: PartTicket) -> bool:
    return one.urgency is other.urgency and one.work.joins(other.work)
