"""Refused callers that ignore `Retry-After` are delayed."""

import asyncio
import time
from typing import Any

from server.http.refusals import MAX_PAUSE_S, MIN_PAUSE_S, SOON_S, RecentRefusals, pausing_refusals

PAUSE_S = 0.2


def test_the_first_refusal_is_immediate_and_quick_repeats_are_delayed() -> None:
    refusals = RecentRefusals()

    assert refusals.pause_of("anna", 100.0) == 0
    assert MIN_PAUSE_S <= refusals.pause_of("anna", 100.1) <= MAX_PAUSE_S
    assert refusals.pause_of("ben", 100.1) == 0
    assert refusals.pause_of("anna", 100.1 + SOON_S) == 0


def test_the_number_of_remembered_callers_is_limited() -> None:
    refusals = RecentRefusals(max_callers=2)
    for caller in ("anna", "ben", "cleo"):
        refusals.pause_of(caller, 100.0)

    assert refusals.pause_of("cleo", 100.1) > 0
    assert refusals.pause_of("anna", 100.1) == 0


def test_only_refusals_are_delayed() -> None:
    async def answers(status: int) -> float:
        async def app(_scope: Any, _receive: Any, send: Any) -> None:
            await send({"type": "http.response.start", "status": status, "headers": []})

        async def receive() -> Any:
            raise AssertionError("The request has no body.")

        async def send(_message: Any) -> None:
            pass

        scope: Any = {"type": "http"}
        middleware = pausing_refusals(app, RecentRefusals(pauses_s=(PAUSE_S, PAUSE_S)))
        began = time.monotonic()
        await middleware(scope, receive, send)
        await middleware(scope, receive, send)
        return time.monotonic() - began

    assert asyncio.run(answers(200)) < PAUSE_S
    assert asyncio.run(answers(429)) >= PAUSE_S
