"""Streams of events over HTTP: ids, heartbeats, headers."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any, TypeVar

from litestar import Request

from appliance.errors import Refused

HEARTBEAT_S = 15.0
STREAM_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
HEARTBEAT = b": still here\n\n"
MOST_DIGITS = 15

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
    if not (given.isascii() and given.isdigit() and len(given) <= MOST_DIGITS):
        raise LastEventIdInvalid(f"{given[:20]!r} is not the id of an event.", remedy="Ids are whole numbers from 1.")
    return int(given)


def frame(number: int, kind: str, data: bytes) -> bytes:
    """An event as server-sent events have it."""
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (number, kind.encode(), data)


async def with_pauses(items: AsyncIterator[Item], every_s: float = HEARTBEAT_S) -> AsyncGenerator[Item | None, None]:
    """The items as they come, and None whenever nothing came for a while."""
    pending = asyncio.ensure_future(anext(items, _END))
    try:
        while True:
            done, _ = await asyncio.wait({pending}, timeout=every_s)
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


class _End:
    pass


_END = _End()
