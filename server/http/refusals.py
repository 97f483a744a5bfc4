"""Delay the refusals of a client that ignores `Retry-After`, so that it cannot repeat its requests quickly."""

import asyncio
import time
from collections import OrderedDict
from http import HTTPStatus
from random import uniform
from typing import cast

from litestar.types import ASGIApp, Message, Receive, Scope, Send

from server.http.threads import REQUESTER

# A caller who is refused again within this time has ignored `Retry-After`.
SOON_S = 3.0
# Pauses are random. So clients that were refused at the same moment do not all try again at the same moment.
MIN_PAUSE_S, MAX_PAUSE_S = 0.5, 2.0
MAX_REMEMBERED = 10_000


class RecentRefusals:
    """The time of each caller's last refusal. For the event loop only: it is not thread-safe."""

    def __init__(
        self, max_callers: int = MAX_REMEMBERED, *, pauses_s: tuple[float, float] = (MIN_PAUSE_S, MAX_PAUSE_S)
    ) -> None:
        self._max_callers = max_callers
        self._pauses_s = pauses_s
        self._refused_at: OrderedDict[str, float] = OrderedDict()

    def pause_of(self, caller: str, now: float) -> float:
        """Record a refusal at `now`, in monotonic seconds. Returns how many seconds to delay the answer."""
        last_refusal = self._refused_at.pop(caller, None)
        self._refused_at[caller] = now
        if len(self._refused_at) > self._max_callers:
            self._refused_at.popitem(last=False)
        is_soon = last_refusal is not None and now - last_refusal < SOON_S
        return uniform(*self._pauses_s) if is_soon else 0.0  # noqa: S311 - no secret


def pausing_refusals(app: ASGIApp, refusals: RecentRefusals | None = None) -> ASGIApp:
    """Return middleware that delays a 429 answer by about a second if its caller was refused in the last three seconds."""
    recent = refusals or RecentRefusals()

    async def middleware(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_after_pause(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == HTTPStatus.TOO_MANY_REQUESTS:
                await asyncio.sleep(recent.pause_of(REQUESTER.get().key, time.monotonic()))
            await send(message)

        await app(scope, receive, cast("Send", send_after_pause))

    return middleware
