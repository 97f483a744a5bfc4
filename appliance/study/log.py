"""The event log of answers. New events are in memory immediately, and in the database within a tenth of a second.

An answer belongs to its stored message, not to a connection. A client can reconnect with the last `seq` that it received. It
then gets the later events: from memory while the answer is written, and from the database afterwards.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from appliance.infrastructure.clock import SYSTEM_CLOCK, Clock
from appliance.infrastructure.database import Database, UnitOfWork
from appliance.infrastructure.jobs.leases import owner_is_dead, this_process
from appliance.study import store
from appliance.study.answer import AnswerEvent, EventType, MessageState

FLUSH_S = 0.08
# If an answer takes less time, the client may not have opened the stream yet. In this case, nobody is notified.
QUICK_ANSWER_S = 5.0
# How often the database is read for an answer that another process writes.
POLL_INTERVAL_S = 0.25
INTERRUPTED = "The answer is incomplete because Lampstand was stopped. Ask the question again."


class LiveAnswer:
    """An answer that this process is writing. After some text is written, `made_by` is its author."""

    def __init__(self, database: Database, message_id: str, clock: Clock) -> None:
        self.message_id = message_id
        self.made_by: str | None = None
        self.followers = 0
        self._clock = clock
        self._began = clock.monotonic()
        self.events: list[AnswerEvent] = []
        self.is_finished = False
        self._database = database
        self._changed = asyncio.Condition()
        self._flushed = 0
        self._flusher: asyncio.Task[None] | None = None

    async def append(self, kind: EventType, payload: dict[str, Any]) -> None:
        self.events.append(AnswerEvent(seq=len(self.events) + 1, type=kind, payload=payload))
        async with self._changed:
            self._changed.notify_all()
        if self._flusher is None or self._flusher.done():
            self._flusher = asyncio.create_task(self._flush_soon())

    async def write(self, text: str, made_by: str) -> None:
        """Append a piece of text, and set the author of the answer."""
        self.made_by = made_by
        await self.append(EventType.TOKEN, {"text": text})

    async def finish(self, state: MessageState, *, error: str | None = None) -> None:
        """Store the remaining events and the final state of the message, then end the streams of all followers."""
        if self._flusher:
            self._flusher.cancel()
        try:
            await asyncio.shield(asyncio.to_thread(self._store, state, error))
        finally:
            # Even if storing fails, followers must not wait forever.
            self.is_finished = True
            async with self._changed:
                self._changed.notify_all()

    async def follow(self, after: int) -> AsyncIterator[AnswerEvent]:
        """Yield the events with a `seq` greater than `after`, as they arrive, until the answer is finished."""
        self.followers += 1
        try:
            while True:
                for event in self.events[after:]:
                    after = event.seq
                    yield event
                if self.is_finished and after >= len(self.events):
                    return
                async with self._changed:
                    if not self.is_finished and len(self.events) <= after:
                        await self._changed.wait()
        finally:
            self.followers -= 1

    async def _flush_soon(self) -> None:
        await asyncio.sleep(FLUSH_S)
        await asyncio.to_thread(self._store, None, None)

    def _store(self, state: MessageState | None, error: str | None) -> None:
        pending, made_by = self.events[self._flushed :], self.made_by
        now = self._clock.time()
        with self._database.write() as work:
            store.insert_events(work, self.message_id, pending)
            # Store the author together with the text, so that the answer keeps its author even if this process dies.
            if made_by is not None:
                store.set_author(work, self.message_id, made_by)
            if state is not None:
                store.finish_message(work, self.message_id, state, error=error, now=now)
                took_s = self._clock.monotonic() - self._began
                if state is MessageState.DONE and not self.followers and took_s > QUICK_ANSWER_S:
                    store.append_answer_ready(work, self.message_id, now=now)
        self._flushed = max(self._flushed, pending[-1].seq if pending else 0)


class AnswerLog:
    """The events of all answers: answers that this process is writing, and stored answers."""

    def __init__(self, database: Database, clock: Clock = SYSTEM_CLOCK) -> None:
        self._database, self._clock = database, clock
        self._live: dict[str, LiveAnswer] = {}

    def open(self, message_id: str) -> LiveAnswer:
        self._live[message_id] = LiveAnswer(self._database, message_id, self._clock)
        return self._live[message_id]

    def close(self, message_id: str) -> None:
        self._live.pop(message_id, None)

    async def follow(self, message_id: str, after: int) -> AsyncIterator[AnswerEvent]:
        """Yield the events of an answer with a `seq` greater than `after`, to its end. Any process may write the answer."""
        live = self._live.get(message_id)
        if live is not None:
            async for event in live.follow(after):
                yield event
            return
        while True:
            is_running = await asyncio.to_thread(self._runs_in_other_process, message_id)
            for event in await asyncio.to_thread(self._stored, message_id, after):
                after = event.seq
                yield event
            if not is_running:
                return
            await asyncio.sleep(POLL_INTERVAL_S)

    def _stored(self, message_id: str, after: int) -> list[AnswerEvent]:
        return store.select_events(self._database.reader, message_id, after)

    def _runs_in_other_process(self, message_id: str) -> bool:
        row = self._database.reader.row(store.SELECT_OWNER, (message_id,))
        if row is None or row[0] != MessageState.RUNNING:
            return False
        # If this process is the owner, nobody writes the answer any more: its end could not be stored.
        if row[1] and row[1] != this_process() and not owner_is_dead(row[1]):
            return True
        with self._database.write() as work:
            mark_interrupted(work, message_id, now=self._clock.time())
        return False


def mark_interrupted(work: UnitOfWork, message_id: str, *, now: float) -> None:
    """Mark an unfinished answer as interrupted if the process that wrote it has ended.

    The text stays, and an error event says what happened.
    """
    if work.value(store.SELECT_OWNER, (message_id,)) != MessageState.RUNNING:
        return
    last = int(work.value(store.LAST_SEQ, (message_id,)))
    event = AnswerEvent(seq=last + 1, type=EventType.ERROR, payload={"message": INTERRUPTED})
    store.insert_events(work, message_id, [event])
    store.finish_message(work, message_id, MessageState.INTERRUPTED, error=INTERRUPTED, now=now)
