"""Questions, their messages, and the event stream of an answer."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from typing import Annotated, Any

import msgspec
from litestar import Controller, Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from litestar.response import Stream

from appliance.community.accounts.permissions import Permission
from appliance.community.accounts.person import Person
from appliance.infrastructure.database import Database
from appliance.infrastructure.event_hub import EventHub
from appliance.scripture.translations.queries import Translations
from appliance.study import queries
from appliance.study.answer import AnswerEvent, Message
from appliance.study.operations import AnswerDesk
from server.http.access import address_of, rule
from server.http.limits import Streams, held
from server.http.streaming import HEARTBEAT, STREAM_HEADERS, frame, last_event_id, while_allowed


class NewQuestion(msgspec.Struct, frozen=True, kw_only=True):
    """An empty `translation` means the default translation."""

    question: Annotated[str, msgspec.Meta(description="At most 1,000 characters.")]
    translation: str = ""


class AskController(Controller):
    path = "/ask"
    tags = ("Ask",)
    opt = rule(Permission.ASK)

    @post(summary="Ask a question; the answer is written even if the client disconnects")
    async def ask(
        self,
        all_translations: NamedDependency[Translations],
        desk: NamedDependency[AnswerDesk],
        me: NamedDependency[Person],
        data: JSONBody[NewQuestion],
    ) -> Response[Message]:
        message = await begin_answer(all_translations, desk, me, data.question, data.translation)
        return Response(message, status_code=201, headers={"Location": f"/api/v1/messages/{message.id}"})


class MessageController(Controller):
    path = "/messages/{message_id:str}"
    tags = ("Ask",)
    opt = rule(Permission.ASK)

    @get(sync_to_thread=True, summary="A question and its answer so far")
    def message(
        self, appliance_db: NamedDependency[Database], me: NamedDependency[Person], message_id: FromPath[str]
    ) -> Message:
        return own_message(appliance_db, me, message_id)

    @post("/stop", status_code=200, summary="Stop an answer; the text written so far stays")
    async def stop(
        self,
        appliance_db: NamedDependency[Database],
        desk: NamedDependency[AnswerDesk],
        me: NamedDependency[Person],
        message_id: FromPath[str],
    ) -> Message:
        await asyncio.to_thread(own_message, appliance_db, me, message_id)
        return await desk.stop(message_id)

    @get("/stream", summary="The events of an answer, live; the header Last-Event-ID resumes the stream")
    async def stream(
        self,
        request: Request[Any, Any, Any],
        appliance_db: NamedDependency[Database],
        desk: NamedDependency[AnswerDesk],
        hub: NamedDependency[EventHub],
        me: NamedDependency[Person],
        streams: NamedDependency[Streams],
        message_id: FromPath[str],
    ) -> Stream:
        await asyncio.to_thread(own_message, appliance_db, me, message_id)
        last_id = last_event_id(request) or 0
        return Stream(
            held(
                streams.take(request.user, address_of(request)),
                _frames(while_allowed(desk.log.follow(message_id, last_id), hub, request)),
            ),
            media_type="text/event-stream",
            headers=STREAM_HEADERS,
        )


def own_message(appliance_db: Database, me: Person, message_id: str) -> Message:
    """Return a person's own message. Raises MessageNotFound, also for the messages of other people."""
    return queries.own_message(appliance_db, message_id, person=me.id)


async def begin_answer(
    all_translations: Translations, desk: AnswerDesk, me: Person, question: str, translation: str
) -> Message:
    """Store a question and start its answer. An empty `translation` means the default translation."""
    # This check comes first, because a refusal must cost little time.
    desk.check_may_ask(me.id)
    chosen_translation = await asyncio.to_thread(all_translations.choose, translation)
    return await desk.ask(question, chosen_translation, asked_by=me.id)


async def _frames(events: AsyncGenerator[AnswerEvent | None, None]) -> AsyncGenerator[bytes, None]:
    """Encode the events as server-sent events. A None among the events becomes a heartbeat comment."""
    async with contextlib.aclosing(events) as items:
        async for event in items:
            yield frame(event.seq, event.type, msgspec.json.encode(event.payload)) if event else HEARTBEAT
