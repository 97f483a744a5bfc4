"""Stop the processing of a request when its client disconnects."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from litestar import Request

Answer = TypeVar("Answer")
# The status that nginx uses for a request whose client disconnected. No client receives it.
CLIENT_DISCONNECTED = 499


async def until_disconnect(request: Request[Any, Any, Any], work: Callable[[], Awaitable[Answer]]) -> Answer | None:
    """Return the result of `work`. If the client disconnects first, cancel the work and return None."""

    async def watch() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass

    async def run() -> Answer:
        return await work()

    working, watching = asyncio.create_task(run()), asyncio.create_task(watch())
    try:
        await asyncio.wait([working, watching], return_when=asyncio.FIRST_COMPLETED)
        return await working if working.done() else None
    finally:
        for task in (working, watching):
            task.cancel()
        await asyncio.wait([working, watching])
