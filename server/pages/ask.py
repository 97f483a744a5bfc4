"""The pages of a question and its answer, and the event stream of an answer. The pages work without JavaScript."""

import asyncio
from typing import Any

from litestar import Controller, Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, URLEncodedBody
from litestar.response import Redirect, Stream, Template

from appliance.community.accounts.permissions import Permission
from appliance.community.accounts.person import Person
from appliance.infrastructure.database import Database
from appliance.infrastructure.event_hub import EventHub
from appliance.scripture.translations.queries import Translations
from appliance.study.answer import Message
from appliance.study.answer_text import parse_answer
from appliance.study.operations import AnswerDesk
from server.api.ask import begin_answer, own_message
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
    def ask(self, all_translations: NamedDependency[Translations], q: FromQuery[str] = "") -> Template:
        current_translation = all_translations.choose()
        return Template(
            "ask.html",
            context={
                "q": q,
                "message": None,
                "translation": current_translation,
                "translations": all_translations.all(),
            },
        )

    @post(status_code=303)
    async def ask_form(
        self,
        all_translations: NamedDependency[Translations],
        desk: NamedDependency[AnswerDesk],
        me: NamedDependency[Person],
        data: URLEncodedBody[dict[str, str]],
    ) -> Redirect:
        message = await begin_answer(all_translations, desk, me, data.get("question", ""), data.get("translation", ""))
        return Redirect(f"/ask/{message.id}", status_code=303)

    @get("/{message_id:str}")
    async def answer(
        self,
        appliance_db: NamedDependency[Database],
        all_translations: NamedDependency[Translations],
        me: NamedDependency[Person],
        message_id: FromPath[str],
    ) -> Template:
        message = await asyncio.to_thread(own_message, appliance_db, me, message_id)
        return Template(
            "ask.html",
            context={
                "message": message,
                "sources": {source.number: source for source in message.sources},
                "blocks": parse_answer(message.text),
                "language": await asyncio.to_thread(_language_of, all_translations, message),
                "sentence": sentence_of(message),
            },
        )

    @get("/{message_id:str}/stream")
    async def stream(
        self,
        request: Request[Any, Any, Any],
        appliance_db: NamedDependency[Database],
        all_translations: NamedDependency[Translations],
        desk: NamedDependency[AnswerDesk],
        hub: NamedDependency[EventHub],
        me: NamedDependency[Person],
        streams: NamedDependency[Streams],
        message_id: FromPath[str],
    ) -> Stream:
        message = await asyncio.to_thread(own_message, appliance_db, me, message_id)
        templates: Any = request.app.template_engine
        page = PageEvents(
            templates.get_template("_answer.html"),
            translation=message.translation,
            language=await asyncio.to_thread(_language_of, all_translations, message),
            last_event_id=last_event_id(request) or 0,
        )
        # Follow the answer from its first event, because a block that the page has only in part is sent whole.
        events = while_allowed(desk.log.follow(message_id, 0), hub, request)
        return Stream(
            held(streams.take(request.user, address_of(request)), page_frames(events, page)),
            media_type="text/event-stream",
            headers=STREAM_HEADERS,
        )


def _language_of(all_translations: Translations, message: Message) -> str:
    """The language of the translation that the sources quote, or English if this translation was removed."""
    languages = {translation.id: translation.language for translation in all_translations.all()}
    return languages.get(message.translation, "en")
