"""Generations on one device, one at a time. Each waiting request is told its position in the queue."""

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Callable

from models.scheduler.fair_queue import FairQueue, Ticket, Urgency


class WaitingGeneration:
    """A generation that waits for the device. `on_position` is called with its position in the queue; 1 is next."""

    def __init__(self, on_position: Callable[[int], None]) -> None:
        self.on_position = on_position
        self.granted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.holds_device = False


class GenerationLane:
    """The queue of a device's generations, and the generation that is running."""

    def __init__(self, name: str, *, capacity: int) -> None:
        self.queue: FairQueue[WaitingGeneration] = FairQueue(name, capacity)
        self._is_busy = False

    @contextlib.asynccontextmanager
    async def hold(
        self, *, urgency: Urgency, user: str, on_position: Callable[[int], None], admitted: bool = False
    ) -> AsyncGenerator[None, None]:
        """Hold the device for a generation. `admitted` requests are retries, and need no free place. Raises QueueFull."""
        waiting = WaitingGeneration(on_position)
        ticket = Ticket(waiting, urgency, user)
        self.queue.enter(ticket, admitted=admitted)
        self._grant()
        try:
            await waiting.granted
            began = time.monotonic()
            yield
            self.queue.served(time.monotonic() - began)
        finally:
            if waiting.holds_device:
                self._is_busy = False
            else:
                self.queue.leave(ticket)
            self._grant()

    def _grant(self) -> None:
        """If the device is free, give it to the next request, and report the new positions of the other requests."""
        while not self._is_busy and (ticket := self.queue.take()):
            if not ticket.work.granted.done():
                ticket.work.holds_device = self._is_busy = True
                ticket.work.granted.set_result(None)
        for position, ticket in enumerate(self.queue.in_order(), 1):
            ticket.work.on_position(position)
