"""Questions, their messages, and the stream of an answer."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Annotated, Any

import msgspec
from litestar import Controller, Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from litestar.response import Stream

from appliance.errors import Refused
from appliance.scripture import queries as scripture
from appliance.study import queries
from appliance.study.answer import AnswerEvent, Message
from appliance.study.operations import AnswerDesk
from server.bootstrap import Appliance

HEARTBEAT_S = 15.0
_STREAM_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


class LastEventIdInvalid(Refused):
    """The header is not the id of an event."""


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """`translation` may be empty for the default."""

    question: Annotated[str, msgspec.Meta(description="At most 1,000 characters.")]
    translation: str = ""


class AskController(Controller):
    path = "/ask"
    tags = ("Ask",)

    @post(summary="Ask a question; the answer is made whether or not anyone stays to read it")
    async def ask(
        self, appliance: NamedDependency[Appliance], desk: NamedDependency[AnswerDesk], data: JSONBody[Question]
    ) -> Response[Message]:
        message = await begin_answer(appliance, desk, data.question, data.translation)
        return Response(message, status_code=201, headers={"Location": f"/api/v1/messages/{message.id}"})


class MessageController(Controller):
    path = "/messages/{message_id:str}"
    tags = ("Ask",)

    @get(sync_to_thread=True, summary="A question and its answer so far")
    def message(self, appliance: NamedDependency[Appliance], message_id: FromPath[str]) -> Message:
        return queries.message(appliance.appliance_db, message_id)

    @post("/stop", status_code=200, summary="Stop an answer in the making; what was written stays")
    async def stop(self, desk: NamedDependency[AnswerDesk], message_id: FromPath[str]) -> Message:
        return await desk.stop(message_id)

    @get("/stream", summary="The events of an answer as they come; Last-Event-ID continues")
    async def stream(
        self,
        request: Request[Any, Any, Any],
        appliance: NamedDependency[Appliance],
        desk: NamedDependency[AnswerDesk],
        message_id: FromPath[str],
    ) -> Stream:
        await asyncio.to_thread(queries.message, appliance.appliance_db, message_id)
        last = request.headers.get("last-event-id", "0")
        if not (last.isascii() and last.isdigit() and len(last) < 10):
            raise LastEventIdInvalid(
                f"{last[:20]!r} is not the id of an event.", remedy="Ids are whole numbers from 1."
            )
        return Stream(
            _frames(desk.log.follow(message_id, int(last))),
            media_type="text/event-stream",
            headers=_STREAM_HEADERS,
        )


async def begin_answer(appliance: Appliance, desk: AnswerDesk, question: str, translation: str) -> Message:
    """Store a question and begin its answer; the default translation stands in for an empty one."""
    shown = (
        translation
        or (
            await asyncio.to_thread(
                scripture.default_translation, appliance.library, appliance.settings.default_translation
            )
        ).id
    )
    return await desk.ask(question, shown)


async def _frames(events: AsyncIterator[AnswerEvent]) -> AsyncGenerator[bytes, None]:
    """Server-sent events, with a comment where nothing was to be said for a while."""
    pending = asyncio.ensure_future(anext(events, None))
    try:
        while True:
            done, _ = await asyncio.wait({pending}, timeout=HEARTBEAT_S)
            if not done:
                yield b": still here\n\n"
                continue
            event = pending.result()
            if event is None:
                return
            yield b"id: %d\nevent: %s\ndata: %s\n\n" % (
                event.seq, event.type.value.encode(), msgspec.json.encode(event.payload),
            )  # fmt: skip
            pending = asyncio.ensure_future(anext(events, None))
    finally:
        pending.cancel()
