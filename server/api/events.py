"""What happens, as it happens: one log over server-sent events and over a WebSocket, under the same ids."""

import contextlib
import time
from collections.abc import AsyncGenerator
from typing import Annotated, Any

import msgspec
from litestar import Controller, Request, WebSocket, get, websocket_stream
from litestar.di import NamedDependency
from litestar.exceptions import WebSocketException
from litestar.params import FromQuery, QueryParameter
from litestar.response import Stream

from appliance.community.accounts.events import AccessChanged
from appliance.community.accounts.permissions import Permission
from appliance.errors import TooManyRequests
from appliance.infrastructure.event_hub import EventHub, Reset
from appliance.infrastructure.events import Event
from server.http.access import UNAUTHORIZED, Connection, address_of, audiences_of, rule, still_as_it_was
from server.http.limits import Streams, held
from server.http.streaming import (
    HEARTBEAT,
    HEARTBEAT_S,
    STREAM_HEADERS,
    access_audience_of,
    event_id,
    frame,
    last_event_id,
    with_pauses,
)

RESET = "reset"
# The codes by which a WebSocket is closed that may be opened again later, and where the server stops.
TRY_AGAIN_LATER, GOING_AWAY = 1013, 1001


class ToldEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event as a WebSocket tells it. A `reset` says that what was missed is no longer known."""

    id: int
    at: float | None
    kind: str
    payload: msgspec.Raw


class EventController(Controller):
    path = "/events"
    tags = ("Events",)
    opt = rule(Permission.READ)

    @get(summary="What happens, as it happens; Last-Event-ID continues")
    async def events(
        self,
        request: Request[Any, Any, Any],
        hub: NamedDependency[EventHub],
        streams: NamedDependency[Streams],
        after: Annotated[str, QueryParameter(description="The id to go on after, where the header is not sent.")] = "",
    ) -> Stream:
        return Stream(
            held(streams.take(request.user, address_of(request)), _frames(hub, last_event_id(request, after), request)),
            media_type="text/event-stream",
            headers=STREAM_HEADERS,
        )

    @websocket_stream("/socket", warn_on_data_discard=False, opt=rule(Permission.READ, plain=False))
    async def socket(
        self,
        socket: WebSocket[Any, Any, Any],
        hub: NamedDependency[EventHub],
        streams: NamedDependency[Streams],
        after: FromQuery[str] = "",
    ) -> AsyncGenerator[ToldEvent, None]:
        try:
            slot = streams.take(socket.user, address_of(socket))
        except TooManyRequests as error:
            raise WebSocketException(detail=str(error), code=TRY_AGAIN_LATER) from error
        with slot:
            async for item in _followed(hub, event_id(after), socket):
                if item is not None:
                    yield _told(item)
        if hub.is_closed:
            await socket.close(code=GOING_AWAY, reason="Lampstand is being stopped.")
        else:
            await socket.close(code=UNAUTHORIZED, reason="You were signed out, or have another role.")


async def _frames(hub: EventHub, after: int | None, request: Connection) -> AsyncGenerator[bytes, None]:
    # The first byte goes at once: a browser calls the stream open by it, and proxies let it through.
    yield HEARTBEAT
    async for item in _followed(hub, after, request):
        if item is None:
            yield HEARTBEAT
        elif isinstance(item, Reset):
            yield frame(item.newest, RESET, b"{}")
        else:
            yield frame(item.id, item.kind, bytes(item.payload))


async def _followed(
    hub: EventHub, after: int | None, connection: Connection
) -> AsyncGenerator[Event | Reset | None, None]:
    """The events that the caller may see, until the server stops, or they are signed out or have another role.

    None is a heartbeat.
    """
    after = hub.newest if after is None else after
    audiences, looked = audiences_of(connection.user) | {access_audience_of(connection)}, time.monotonic()
    async with contextlib.aclosing(with_pauses(hub.follow(after, audiences))) as items:
        # A sign-out between the caller's identification and the reading of `after` has no event here.
        if not still_as_it_was(connection):
            return
        async for item in items:
            changed = isinstance(item, Reset) or (item is not None and item.is_a(AccessChanged))
            if changed or time.monotonic() - looked >= HEARTBEAT_S:
                looked = time.monotonic()
                if not still_as_it_was(connection):
                    return
            if not isinstance(item, Event) or not item.is_a(AccessChanged):
                yield item


def _told(item: Event | Reset) -> ToldEvent:
    if isinstance(item, Reset):
        return ToldEvent(id=item.newest, at=None, kind=RESET, payload=msgspec.Raw(b"{}"))
    return ToldEvent(id=item.id, at=item.at, kind=item.kind, payload=item.payload)
