"""Hands the events of the log to everyone who listens in this process, whichever process they came from."""

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
PAUSE_S = 1.0
KEPT = 2_000
BATCH = 500
_told = structlog.get_logger()


class Reset(msgspec.Struct, frozen=True):
    """What was missed is no longer known: look at everything anew, and go on from `newest`."""

    newest: int


class EventHub:
    """Follows the log while `run` runs. Listeners hold no queue, only the id of what they had last, so none can lag.

    SQLite tells nobody of a commit: the log's `data_version`, a few microseconds, is looked at 25 times a second.
    """

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._recent: deque[Event] = deque(maxlen=KEPT)
        self._newest = 0
        self._version = -1
        self._news = asyncio.Event()
        self._is_closed = False

    async def begin(self) -> None:
        """Find out how far the log is; to be awaited before anybody listens."""
        self._version = self._log.data_version()
        self._newest = await asyncio.to_thread(self._log.newest)

    async def run(self) -> None:
        """Follow the log until cancelled."""
        while True:
            await asyncio.sleep(POLL_S)
            try:
                if (seen := self._log.data_version()) != self._version:
                    await self._read_on()
                    self._version = seen
            except ApplianceError as error:
                # A database that is busy or a disk that fails for a while: the events are still there after it.
                _told.warning("events cannot be read", reason=str(error))
                await asyncio.sleep(PAUSE_S)

    async def _read_on(self) -> None:
        while events := await asyncio.to_thread(self._log.after, self._newest, BATCH):
            self._recent.extend(events)
            self._newest = events[-1].id
            self._wake()

    def _wake(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()

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
        """The id of the last event that was read."""
        return self._newest

    async def past(self, event_id: int) -> None:
        """Wait until something happened after an id."""
        while self._newest <= event_id:
            await self._news.wait()

    async def follow(self, after: int | None, audiences: frozenset[str]) -> AsyncIterator[Event | Reset]:
        """The events for these audiences after an id, as they come, until `close`; from now on where there is no id.

        Begins with a Reset where events after the id were pruned, or the id is of another log.
        """
        position = self._newest if after is None else after
        if after not in (None, self._newest) and not await asyncio.to_thread(self._log.is_complete_after, after):
            # Whoever begins anew reads what is there: all that the log has, also what the hub has not read yet.
            position = await asyncio.to_thread(self._log.newest)
            yield Reset(position)
        while not self._is_closed:
            news = self._news
            for event in await self._since(position):
                position = event.id
                if event.audience & audiences:
                    yield event
            if position >= self._newest:
                await news.wait()

    async def _since(self, position: int) -> list[Event]:
        """What came after an id: from memory where that reaches back so far, else from the log."""
        if self._recent and self._recent[0].id <= position + 1:
            first = bisect_right(self._recent, position, key=lambda event: event.id)
            return list(islice(self._recent, first, None))
        return await asyncio.to_thread(self._log.after, position, BATCH)
