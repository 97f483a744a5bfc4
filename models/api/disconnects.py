"""Stop work whose caller left."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from litestar import Request

Answer = TypeVar("Answer")
# The status of a request whose caller left, as nginx has it; nobody reads it.
CLIENT_LEFT = 499


async def unless_left(request: Request[Any, Any, Any], work: Callable[[], Awaitable[Answer]]) -> Answer | None:
    """What `work` returns; None where the caller left before, and the work was stopped."""

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
