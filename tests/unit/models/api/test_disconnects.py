"""The processing of a request stops when its client disconnects."""

import asyncio
from collections.abc import Coroutine, Iterator
from typing import Any, TypeVar

import pytest
from litestar import Request
from litestar.testing import RequestFactory
from litestar.types import HTTPDisconnectEvent, HTTPReceiveMessage, HTTPRequestEvent

from models.api.disconnects import until_disconnect

Result = TypeVar("Result")
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


def run(scene: Coroutine[Any, Any, Result]) -> Result:
    return asyncio.run(asyncio.wait_for(scene, 20))


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
    async def scene() -> str | None:
        async def work() -> str:
            await asyncio.sleep(0)
            return "done"

        return await until_disconnect(request_with(), work)

    assert "done" == run(scene())


@pytest.mark.parametrize("messages", [[DISCONNECT], [BODY, BODY, DISCONNECT]], ids=["at once", "after its body"])
def test_a_disconnect_cancels_the_work(messages: list[HTTPReceiveMessage]) -> None:
    async def scene() -> tuple[str | None, bool]:
        work = Work()
        return await until_disconnect(request_with(*messages), work.run), work.cancelled

    assert (None, True) == run(scene())


def test_nothing_watches_the_connection_after_the_result() -> None:
    async def scene() -> bool:
        async def work() -> str:
            return "done"

        before = asyncio.all_tasks()
        await until_disconnect(request_with(), work)
        return before == asyncio.all_tasks()

    assert run(scene())


def test_the_rest_of_a_body_is_not_a_disconnect() -> None:
    async def scene() -> str | None:
        async def work() -> str:
            for _ in range(10):
                await asyncio.sleep(0)
            return "done"

        return await until_disconnect(request_with(BODY, BODY), work)

    assert "done" == run(scene())


def test_the_error_of_the_work_is_raised() -> None:
    async def scene() -> None:
        async def work() -> str:
            raise ZeroDivisionError

        await until_disconnect(request_with(), work)

    with pytest.raises(ZeroDivisionError):
        run(scene())


def test_the_work_is_cancelled_with_its_caller() -> None:
    async def scene() -> bool:
        work = Work()
        caller = asyncio.create_task(until_disconnect(request_with(), work.run))
        await work.begun.wait()
        caller.cancel()
        await asyncio.wait([caller])
        return caller.cancelled() and work.cancelled

    assert run(scene())
