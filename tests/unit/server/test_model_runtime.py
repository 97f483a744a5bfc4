"""The model runtime gets the user of an answer."""

import asyncio
from collections.abc import AsyncGenerator
from typing import cast

import pytest

from appliance.study.ports import ChatTurn
from models.client import Client
from models.messages import ChatRequest
from server.model_runtime import RuntimeWriter


class RecordingClient:
    """A client that records its requests."""

    def __init__(self) -> None:
        self.requests: list[ChatRequest] = []

    def ensure_running(self) -> None:
        pass

    async def stream_chat(self, request: ChatRequest) -> AsyncGenerator[str, None]:
        self.requests.append(request)
        yield "A lamp."


@pytest.mark.parametrize(("user", "sent"), [("person-7", "person-7"), ("", None)])
def test_a_request_names_its_user_so_that_users_take_turns(user: str, sent: str | None) -> None:
    client = RecordingClient()

    async def scene() -> list[str]:
        writer = RuntimeWriter(cast("Client", client), "")
        turns = [ChatTurn(role="user", content="What is lit?")]
        return [piece async for piece in writer.write(turns, model="m", max_tokens=8, user=user)]

    assert ["A lamp."] == asyncio.run(scene())
    assert [sent] == [request.user for request in client.requests]
