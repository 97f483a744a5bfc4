"""The pages of a question and its answer, and the stream of an answer for its page. They work without JavaScript."""

import asyncio
from typing import Any

from litestar import Controller, Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, URLEncodedBody
from litestar.response import Redirect, Stream, Template

from appliance.community.accounts.permissions import Permission
from appliance.community.accounts.person import Person
from appliance.infrastructure.event_hub import EventHub
from appliance.scripture import queries
from appliance.study.answer import Message
from appliance.study.answer_text import parse_answer
from appliance.study.operations import AnswerDesk
from server.api.ask import begin_answer, own_message
from server.bootstrap import Appliance
from server.http.access import address_of, rule
from server.http.limits import Streams, held
from server.http.streaming import STREAM_HEADERS, last_event_id, while_allowed
from server.pages.answer_sentences import sentence_of
from server.pages.answer_stream import PageEvents, page_frames


class AskPagesController(Controller):
    path = "/ask"
    include_in_schema = False
    opt = rule(Permission.ASK)

    @get(sync_to_thread=True)
    def ask(self, appliance: NamedDependency[Appliance], q: FromQuery[str] = "") -> Template:
        shown = appliance.translations.choose()
        return Template(
            "ask.html",
            context={
                "q": q,
                "message": None,
                "translation": shown,
                "translations": queries.translations(appliance.library),
            },
        )

    @post(status_code=303)
    async def ask_form(
        self,
        appliance: NamedDependency[Appliance],
        desk: NamedDependency[AnswerDesk],
        me: NamedDependency[Person],
        data: URLEncodedBody[dict[str, str]],
    ) -> Redirect:
        message = await begin_answer(appliance, desk, me, data.get("question", ""), data.get("translation", ""))
        return Redirect(f"/ask/{message.id}", status_code=303)

    @get("/{message_id:str}")
    async def answer(
        self, appliance: NamedDependency[Appliance], me: NamedDependency[Person], message_id: FromPath[str]
    ) -> Template:
        message = await asyncio.to_thread(own_message, appliance, me, message_id)
        return Template(
            "ask.html",
            context={
                "message": message,
                "sources": {source.number: source for source in message.sources},
                "blocks": parse_answer(message.text),
                "language": await asyncio.to_thread(_language_of, appliance, message),
                "sentence": sentence_of(message),
            },
        )

    @get("/{message_id:str}/stream")
    async def stream(
        self,
        request: Request[Any, Any, Any],
        appliance: NamedDependency[Appliance],
        desk: NamedDependency[AnswerDesk],
        hub: NamedDependency[EventHub],
        me: NamedDependency[Person],
        streams: NamedDependency[Streams],
        message_id: FromPath[str],
    ) -> Stream:
        message = await asyncio.to_thread(own_message, appliance, me, message_id)
        templates: Any = request.app.template_engine
        page = PageEvents(
            templates.get_template("_answer.html"),
            translation=message.translation,
            language=await asyncio.to_thread(_language_of, appliance, message),
            last_event_id=last_event_id(request) or 0,
        )
        # From the first event on: a block that began before the last event is sent whole.
        events = while_allowed(desk.log.follow(message_id, 0), hub, request)
        return Stream(
            held(streams.take(request.user, address_of(request)), page_frames(events, page)),
            media_type="text/event-stream",
            headers=STREAM_HEADERS,
        )


def _language_of(appliance: Appliance, message: Message) -> str:
    """The language of an answer's sources; English where their translation was removed since."""
    translations = queries.translations(appliance.library)
    return next((each.language for each in translations if each.id == message.translation), "en")
