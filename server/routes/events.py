"""What happens, as it happens: one log over server-sent events and over a WebSocket, under the same ids."""

import contextlib
from collections.abc import AsyncGenerator
from typing import Annotated, Any

import msgspec
from litestar import Controller, Request, WebSocket, get, websocket_stream
from litestar.di import NamedDependency
from litestar.params import QueryParameter
from litestar.response import Stream

from appliance.infrastructure.event_hub import EventHub, Reset
from appliance.infrastructure.events import EVERYONE, Event
from server.streaming import HEARTBEAT, STREAM_HEADERS, event_id, frame, last_event_id, with_pauses

RESET = "reset"


class ToldEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event as a WebSocket tells it. A `reset` says that what was missed is no longer known."""

    id: int
    at: float | None
    kind: str
    payload: msgspec.Raw


def _audiences() -> frozenset[str]:
    return frozenset({EVERYONE})


class EventController(Controller):
    path = "/events"
    tags = ("Events",)

    @get(summary="What happens, as it happens; Last-Event-ID continues")
    async def events(
        self,
        request: Request[Any, Any, Any],
        hub: NamedDependency[EventHub],
        after: Annotated[str, QueryParameter(description="The id to go on after, where the header is not sent.")] = "",
    ) -> Stream:
        return Stream(
            _frames(hub, last_event_id(request, after), _audiences()),
            media_type="text/event-stream",
            headers=STREAM_HEADERS,
        )

    @websocket_stream("/socket", warn_on_data_discard=False)
    async def socket(
        self,
        socket: WebSocket[Any, Any, Any],  # noqa: ARG002 - the framework listens on it for the client's leaving
        hub: NamedDependency[EventHub],
        after: str = "",
    ) -> AsyncGenerator[ToldEvent, None]:
        async with contextlib.aclosing(with_pauses(hub.follow(event_id(after), _audiences()))) as items:
            async for item in items:
                if item is not None:
                    yield _told(item)


async def _frames(hub: EventHub, after: int | None, audiences: frozenset[str]) -> AsyncGenerator[bytes, None]:
    # The first byte goes at once: a browser calls the stream open by it, and proxies let it through.
    yield HEARTBEAT
    async with contextlib.aclosing(with_pauses(hub.follow(after, audiences))) as items:
        async for item in items:
            if item is None:
                yield HEARTBEAT
            elif isinstance(item, Reset):
                yield frame(item.newest, RESET, b"{}")
            else:
                yield frame(item.id, item.kind, bytes(item.payload))


def _told(item: Event | Reset) -> ToldEvent:
    if isinstance(item, Reset):
        return ToldEvent(id=item.newest, at=None, kind=RESET, payload=msgspec.Raw(b"{}"))
    return ToldEvent(id=item.id, at=item.at, kind=item.kind, payload=item.payload)
