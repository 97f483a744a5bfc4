"""Delivers the events of the log to all subscribers in this process. Any process may have logged the events."""

import asyncio
from bisect import bisect_right
from collections import deque
from collections.abc import AsyncIterator
from itertools import islice

import msgspec
import structlog

from appliance.errors import ApplianceError
from appliance.infrastructure.events import Event, EventLog

POLL_S = 0.04
RETRY_S = 1.0
MAX_RECENT = 2_000
BATCH = 500
_logger = structlog.get_logger()


class Reset(msgspec.Struct, frozen=True):
    """Missed events are no longer available: load the current state again, and continue after `newest`."""

    newest: int


class EventHub:
    """Follows the log while `run` runs. A subscriber has no queue, only a cursor: the id of the last event that it got.

    SQLite does not announce commits, so `run` reads the log's `data_version` 25 times per second. One read takes a few
    microseconds.
    """

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._recent: deque[Event] = deque(maxlen=MAX_RECENT)
        self._newest = 0
        self._version = -1
        self._new_events = asyncio.Event()
        self._is_closed = False

    async def begin(self) -> None:
        """Read the id of the newest event in the log. Await this before the first subscriber."""
        self._version = self._log.data_version()
        self._newest = await asyncio.to_thread(self._log.newest)

    async def run(self) -> None:
        """Follow the log until cancelled."""
        while True:
            await asyncio.sleep(POLL_S)
            try:
                if (version := self._log.data_version()) != self._version:
                    await self._read_new_events()
                    self._version = version
            except ApplianceError as error:
                # The database may be busy, or the disk may fail for some time. After that, the events can still be read.
                _logger.warning("events cannot be read", reason=str(error))
                await asyncio.sleep(RETRY_S)

    async def _read_new_events(self) -> None:
        while events := await asyncio.to_thread(self._log.after, self._newest, BATCH):
            self._recent.extend(events)
            self._newest = events[-1].id
            self._wake()

    def _wake(self) -> None:
        new_events, self._new_events = self._new_events, asyncio.Event()
        new_events.set()

    def close(self) -> None:
        """End every `follow`, so that the server can stop without waiting for its subscribers."""
        self._is_closed = True
        self._wake()

    @property
    def is_closed(self) -> bool:
        """True after `close`."""
        return self._is_closed

    @property
    def newest(self) -> int:
        """The id of the last event that the hub has read."""
        return self._newest

    async def past(self, event_id: int) -> None:
        """Wait until there is an event with a higher id than this."""
        while self._newest <= event_id:
            await self._new_events.wait()

    async def follow(self, after: int | None, audiences: frozenset[str]) -> AsyncIterator[Event | Reset]:
        """Yield the events for these audiences with an id above `after`, until `close`. Without `after`, yield only new events.

        Begins with a Reset if events above this id were pruned, or if the id is from another log.
        """
        position = self._newest if after is None else after
        if after not in (None, self._newest) and not await asyncio.to_thread(self._log.is_complete_after, after):
            # After a Reset, the subscriber loads the current state. This includes events that the hub has not read yet.
            position = await asyncio.to_thread(self._log.newest)
            yield Reset(position)
        while not self._is_closed:
            new_events = self._new_events
            for event in await self._since(position):
                position = event.id
                if event.audience & audiences:
                    yield event
            if position >= self._newest:
                await new_events.wait()

    async def _since(self, position: int) -> list[Event]:
        """Return the events after an id: from memory if they are all there, otherwise from the log."""
        if self._recent and self._recent[0].id <= position + 1:
            first = bisect_right(self._recent, position, key=lambda event: event.id)
            return list(islice(self._recent, first, None))
        return await asyncio.to_thread(self._log.after, position, BATCH)
