"""The processing of a request stops when its client disconnects."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from litestar import Request
from litestar.testing import RequestFactory
from litestar.types import HTTPDisconnectEvent, HTTPReceiveMessage, HTTPRequestEvent

from models.api.disconnects import until_disconnect

BODY: HTTPRequestEvent = {"type": "http.request", "body": b"{", "more_body": True}
DISCONNECT: HTTPDisconnectEvent = {"type": "http.disconnect"}


def request_with(*messages: HTTPReceiveMessage) -> Request[Any, Any, Any]:
    """Return a request whose client sends these messages, and then nothing."""
    incoming: Iterator[HTTPReceiveMessage] = iter(messages)

    async def receive() -> HTTPReceiveMessage:
        for message in incoming:
            return message
        await asyncio.Event().wait()
        raise AssertionError

    return Request(RequestFactory().post("/").scope, receive)


class Work:
    """Work that never ends. `cancelled` is true after it was cancelled."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.cancelled = False

    async def run(self) -> str:
        self.begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.cancelled = True
            raise
        return "done"


def test_the_result_is_returned_if_the_client_stays() -> None:
    async def scene() -> tuple[str | None, int]:
        async def work() -> str:
            await asyncio.sleep(0)
            return "done"

        return await until_disconnect(request_with(), work), len(asyncio.all_tasks())

    # One task is the scene itself: nothing watches the connection after the result.
    assert ("done", 1) == asyncio.run(scene())


@pytest.mark.parametrize("messages", [[DISCONNECT], [BODY, BODY, DISCONNECT]], ids=["at once", "after its body"])
def test_a_disconnect_cancels_the_work(messages: list[HTTPReceiveMessage]) -> None:
    async def scene() -> tuple[str | None, bool, int]:
        work = Work()
        return await until_disconnect(request_with(*messages), work.run), work.cancelled, len(asyncio.all_tasks())

    assert (None, True, 1) == asyncio.run(scene())


def test_the_rest_of_a_body_is_not_a_disconnect() -> None:
    async def scene() -> str | None:
        async def work() -> str:
            for _ in range(10):
                await asyncio.sleep(0)
            return "done"

        return await until_disconnect(request_with(BODY, BODY), work)

    assert "done" == asyncio.run(scene())


def test_the_error_of_the_work_is_raised() -> None:
    async def scene() -> None:
        async def work() -> str:
            raise ZeroDivisionError

        await until_disconnect(request_with(), work)

    with pytest.raises(ZeroDivisionError):
        asyncio.run(scene())


def test_the_work_is_cancelled_with_its_caller() -> None:
    async def scene() -> bool:
        work = Work()
        caller = asyncio.create_task(until_disconnect(request_with(), work.run))
        await work.begun.wait()
        caller.cancel()
        await asyncio.wait([caller])
        return caller.cancelled() and work.cancelled

    assert asyncio.run(scene())
