"""Streams of events over HTTP: ids, heartbeats, headers."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any, TypeVar

from litestar import Request

from appliance.community.accounts.events import access_audience
from appliance.community.accounts.person import Identity
from appliance.errors import Refused
from appliance.infrastructure.event_hub import EventHub
from server.http.access import Connection, still_as_it_was

HEARTBEAT_S = 15.0
STREAM_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
HEARTBEAT = b": still here\n\n"
MAX_DIGITS = 15

Item = TypeVar("Item")


class LastEventIdInvalid(Refused):
    """What is given as the last event's id is none."""


def last_event_id(request: Request[Any, Any, Any], also: str = "") -> int | None:
    """The id after which a client wants to go on: from its header, else `also`. Raises LastEventIdInvalid."""
    return event_id(request.headers.get("last-event-id") or also)


def event_id(given: str) -> int | None:
    """An id that a client sent, or None for nothing. Raises LastEventIdInvalid."""
    if not given:
        return None
    if not (given.isascii() and given.isdigit() and len(given) <= MAX_DIGITS):
        raise LastEventIdInvalid(f"{given[:20]!r} is not the id of an event.", remedy="Ids are whole numbers from 1.")
    return int(given)


def frame(number: int, kind: str, data: bytes) -> bytes:
    """An event as server-sent events have it."""
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (number, kind.encode(), data)


async def with_pauses(
    items: AsyncIterator[Item], every_s: float = HEARTBEAT_S, until: asyncio.Future[None] | None = None
) -> AsyncGenerator[Item | None, None]:
    """The items as they come, and None whenever nothing came for a while; with `until`, they end when that is done."""
    pending = asyncio.ensure_future(anext(items, _END))
    try:
        while True:
            awaited: set[asyncio.Future[Any]] = {pending, until} if until else {pending}
            done, _ = await asyncio.wait(awaited, timeout=every_s, return_when=asyncio.FIRST_COMPLETED)
            if until in done:
                return
            if not done:
                yield None
                continue
            item = pending.result()
            if isinstance(item, _End):
                return
            yield item
            pending = asyncio.ensure_future(anext(items, _END))
    finally:
        pending.cancel()


async def while_allowed(
    items: AsyncIterator[Item], hub: EventHub, connection: Connection
) -> AsyncGenerator[Item | None, None]:
    """`with_pauses`, until the server stops, or the caller is signed out or has another role."""
    ended = asyncio.ensure_future(_access_ended(hub, connection))
    try:
        async with contextlib.aclosing(with_pauses(items, until=ended)) as allowed:
            async for item in allowed:
                yield item
    finally:
        ended.cancel()


async def _access_ended(hub: EventHub, connection: Connection) -> None:
    changes = with_pauses(hub.follow(hub.newest, frozenset({access_audience_of(connection)})))
    async with contextlib.aclosing(changes):
        if still_as_it_was(connection):
            async for _change in changes:
                if not still_as_it_was(connection):
                    return


def access_audience_of(connection: Connection) -> str:
    """The audience of the events that say that what the caller may see has changed."""
    who: Identity = connection.user
    return access_audience(who.person.id if who.person else None)


class _End:
    pass


_END = _End()
