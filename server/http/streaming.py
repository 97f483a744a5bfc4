"""Event streams over HTTP: ids, heartbeats, headers."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any, TypeVar

from litestar import Request

from appliance.community.accounts.events import access_audience
from appliance.community.accounts.person import Identity
from appliance.errors import Refused
from appliance.infrastructure.event_hub import EventHub
from server.http.access import Connection, access_is_unchanged

HEARTBEAT_S = 15.0
STREAM_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
HEARTBEAT = b": still here\n\n"
MAX_DIGITS = 15

Item = TypeVar("Item")


class LastEventIdInvalid(Refused):
    """The id of the last event is not valid."""


def last_event_id(request: Request[Any, Any, Any], default: str = "") -> int | None:
    """The id of the last event that a client received, from the header or else `default`. Raises LastEventIdInvalid."""
    return event_id(request.headers.get("last-event-id") or default)


def event_id(text: str) -> int | None:
    """Parse an event id that a client sent; None for an empty string. Raises LastEventIdInvalid."""
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS):
        raise LastEventIdInvalid(f"{text[:20]!r} is not an event id.", remedy="Event ids are whole numbers from 1.")
    return int(text)


def frame(number: int, kind: str, data: bytes) -> bytes:
    """Encode an event as a server-sent event."""
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (number, kind.encode(), data)


async def with_heartbeats(
    items: AsyncIterator[Item], every_s: float = HEARTBEAT_S, until: asyncio.Future[None] | None = None
) -> AsyncGenerator[Item | None, None]:
    """Yield the items, and None after every `every_s` seconds without an item. The generator ends when `until` is done."""
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
            if isinstance(item, _EndOfStream):
                return
            yield item
            pending = asyncio.ensure_future(anext(items, _END))
    finally:
        pending.cancel()


async def while_allowed(
    items: AsyncIterator[Item], hub: EventHub, connection: Connection
) -> AsyncGenerator[Item | None, None]:
    """Yield as `with_heartbeats` does, until the server stops, or the caller is signed out or gets another role."""
    ended = asyncio.ensure_future(_wait_until_access_changes(hub, connection))
    try:
        async with contextlib.aclosing(with_heartbeats(items, until=ended)) as allowed:
            async for item in allowed:
                yield item
    finally:
        ended.cancel()


async def _wait_until_access_changes(hub: EventHub, connection: Connection) -> None:
    changes = with_heartbeats(hub.follow(hub.newest, frozenset({access_audience_of(connection)})))
    async with contextlib.aclosing(changes):
        if access_is_unchanged(connection):
            async for _change in changes:
                if not access_is_unchanged(connection):
                    return


def access_audience_of(connection: Connection) -> str:
    """The audience that receives the events about changes of this caller's access."""
    identity: Identity = connection.user
    return access_audience(identity.person.id if identity.person else None)


class _EndOfStream:
    pass


_END = _EndOfStream()
