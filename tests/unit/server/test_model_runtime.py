"""What an answer tells the model runtime of its reader."""

import asyncio
from collections.abc import AsyncGenerator
from typing import cast

import pytest

from appliance.study.ports import ChatTurn
from models.client import Client
from models.messages import ChatRequest
from server.model_runtime import RuntimeWriter


class Asked:
    """A client that keeps what it is asked."""

    def __init__(self) -> None:
        self.requests: list[ChatRequest] = []

    def ensure_running(self) -> None:
        pass

    async def stream_chat(self, request: ChatRequest) -> AsyncGenerator[str, None]:
        self.requests.append(request)
        yield "A lamp."


@pytest.mark.parametrize(("user", "sent"), [("person-7", "person-7"), ("", None)])
def test_a_reader_is_named_so_that_readers_are_served_in_turn(user: str, sent: str | None) -> None:
    client = Asked()

    async def scene() -> list[str]:
        writer = RuntimeWriter(cast("Client", client), "")
        turns = [ChatTurn(role="user", content="What is lit?")]
        return [piece async for piece in writer.write(turns, model="m", max_tokens=8, user=user)]

    assert ["A lamp."] == asyncio.run(scene())
    assert [sent] == [request.user for request in client.requests]
