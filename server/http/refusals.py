"""A client that does not wait as it was told is made to wait, so that refusing it costs little."""

import asyncio
import time
from collections import OrderedDict
from http import HTTPStatus
from random import uniform
from typing import cast

from litestar.types import ASGIApp, Message, Receive, Scope, Send

from server.http.threads import REQUESTER

# A caller who is refused again so soon has not waited as `Retry-After` says.
SOON_S = 3.0
# A crowd that is refused at the same moment is not to come back at the same moment.
SHORTEST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 2.0
MAX_REMEMBERED = 10_000


class RecentRefusals:
    """When each caller was last refused. For the event loop only."""

    def __init__(self, most: int = MAX_REMEMBERED) -> None:
        self._most = most
        self._at: OrderedDict[str, float] = OrderedDict()

    def pause_of(self, caller: str, now: float) -> float:
        """Note a refusal at a moment of a clock that only runs forward; the seconds that its answer is to wait."""
        last = self._at.pop(caller, None)
        self._at[caller] = now
        if len(self._at) > self._most:
            self._at.popitem(last=False)
        is_soon = last is not None and now - last < SOON_S
        return uniform(SHORTEST_PAUSE_S, LONGEST_PAUSE_S) if is_soon else 0.0  # noqa: S311 - no secret


def pausing_refusals(app: ASGIApp) -> ASGIApp:
    """Middleware that holds an answer 429 for a second or so where its caller was refused in the last three seconds."""
    refusals = RecentRefusals()

    async def middleware(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_patiently(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == HTTPStatus.TOO_MANY_REQUESTS:
                await asyncio.sleep(refusals.pause_of(REQUESTER.get().key, time.monotonic()))
            await send(message)

        await app(scope, receive, cast("Send", send_patiently))

    return middleware
