"""Refused callers who do not wait are made to wait."""

import asyncio
import time
from typing import Any

from server.http.refusals import LONGEST_PAUSE_S, SHORTEST_PAUSE_S, SOON_S, RecentRefusals, pausing_refusals


def test_the_first_refusal_is_told_at_once_and_those_that_follow_soon_wait() -> None:
    refusals = RecentRefusals()

    assert refusals.pause_of("anna", 100.0) == 0
    assert SHORTEST_PAUSE_S <= refusals.pause_of("anna", 100.1) <= LONGEST_PAUSE_S
    assert refusals.pause_of("ben", 100.1) == 0
    assert refusals.pause_of("anna", 100.1 + SOON_S) == 0


def test_so_many_callers_are_remembered_and_no_more() -> None:
    refusals = RecentRefusals(most=2)
    for caller in ("anna", "ben", "cleo"):
        refusals.pause_of(caller, 100.0)

    assert refusals.pause_of("cleo", 100.1) > 0
    assert refusals.pause_of("anna", 100.1) == 0


def test_only_refusals_wait() -> None:
    async def answers(status: int) -> float:
        async def app(_scope: Any, _receive: Any, send: Any) -> None:
            await send({"type": "http.response.start", "status": status, "headers": []})

        async def receive() -> Any:
            raise AssertionError("The request has no body.")

        async def send(_message: Any) -> None:
            pass

        scope: Any = {"type": "http"}
        middleware = pausing_refusals(app)
        began = time.monotonic()
        await middleware(scope, receive, send)
        await middleware(scope, receive, send)
        return time.monotonic() - began

    assert asyncio.run(answers(200)) < SHORTEST_PAUSE_S
    assert asyncio.run(answers(429)) >= SHORTEST_PAUSE_S
