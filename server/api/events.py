"""Live events from the event log, as server-sent events or over a WebSocket. Both use the same event ids."""

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
from server.http.access import UNAUTHORIZED, Connection, access_is_unchanged, address_of, audiences_of, rule
from server.http.limits import Streams, held
from server.http.streaming import (
    HEARTBEAT,
    HEARTBEAT_S,
    STREAM_HEADERS,
    access_audience_of,
    event_id,
    frame,
    last_event_id,
    with_heartbeats,
)

RESET = "reset"
# Close codes of a WebSocket: TRY_AGAIN_LATER when the client has too many, GOING_AWAY when the server stops.
TRY_AGAIN_LATER, GOING_AWAY = 1013, 1001


class SocketEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event as a WebSocket sends it. A `reset` means that the missed events are no longer stored."""

    id: int
    at: float | None
    kind: str
    payload: msgspec.Raw


class EventController(Controller):
    path = "/events"
    tags = ("Events",)
    opt = rule(Permission.READ)

    @get(summary="Live events; the header Last-Event-ID resumes the stream")
    async def events(
        self,
        request: Request[Any, Any, Any],
        hub: NamedDependency[EventHub],
        streams: NamedDependency[Streams],
        after: Annotated[
            str,
            QueryParameter(
                description="The id of the last event received, used if the header Last-Event-ID is missing."
            ),
        ] = "",
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
    ) -> AsyncGenerator[SocketEvent, None]:
        try:
            slot = streams.take(socket.user, address_of(socket))
        except TooManyRequests as error:
            raise WebSocketException(detail=str(error), code=TRY_AGAIN_LATER) from error
        with slot:
            async for item in _visible_events(hub, event_id(after), socket):
                if item is not None:
                    yield _socket_event(item)
        if hub.is_closed:
            await socket.close(code=GOING_AWAY, reason="Lampstand is shutting down.")
        else:
            await socket.close(code=UNAUTHORIZED, reason="Your session ended or your role changed.")


async def _frames(hub: EventHub, after: int | None, request: Connection) -> AsyncGenerator[bytes, None]:
    # Send the first byte immediately: browsers then treat the stream as open, and proxies start to forward it.
    yield HEARTBEAT
    async for item in _visible_events(hub, after, request):
        if item is None:
            yield HEARTBEAT
        elif isinstance(item, Reset):
            yield frame(item.newest, RESET, b"{}")
        else:
            yield frame(item.id, item.kind, bytes(item.payload))


async def _visible_events(
    hub: EventHub, after: int | None, connection: Connection
) -> AsyncGenerator[Event | Reset | None, None]:
    """Yield the events that the caller may see; None is a heartbeat.

    The generator ends when the server stops, or when the caller is signed out or gets another role.
    """
    after = hub.newest if after is None else after
    audiences, checked_at = audiences_of(connection.user) | {access_audience_of(connection)}, time.monotonic()
    async with contextlib.aclosing(with_heartbeats(hub.follow(after, audiences))) as items:
        # If the caller was signed out after authentication, but before `after` was read, this stream has no event for it.
        if not access_is_unchanged(connection):
            return
        async for item in items:
            changed = isinstance(item, Reset) or (item is not None and item.is_a(AccessChanged))
            if changed or time.monotonic() - checked_at >= HEARTBEAT_S:
                checked_at = time.monotonic()
                if not access_is_unchanged(connection):
                    return
            if not isinstance(item, Event) or not item.is_a(AccessChanged):
                yield item


def _socket_event(item: Event | Reset) -> SocketEvent:
    if isinstance(item, Reset):
        return SocketEvent(id=item.newest, at=None, kind=RESET, payload=msgspec.Raw(b"{}"))
    return SocketEvent(id=item.id, at=item.at, kind=item.kind, payload=item.payload)
