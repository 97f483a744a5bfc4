"""The pages of a question and its answer. They work without JavaScript."""

import asyncio

from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, URLEncodedBody
from litestar.response import Redirect, Template

from appliance.community.accounts.permissions import Permission
from appliance.community.accounts.person import Person
from appliance.scripture import queries
from appliance.study.operations import AnswerDesk
from server.api.ask import begin_answer, own_message
from server.bootstrap import Appliance
from server.http.access import rule


class AskPagesController(Controller):
    path = "/ask"
    include_in_schema = False
    opt = rule(Permission.ASK)

    @get(sync_to_thread=True)
    def ask(self, appliance: NamedDependency[Appliance], q: FromQuery[str] = "") -> Template:
        shown = appliance.shown()
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
        translations = await asyncio.to_thread(queries.translations, appliance.library)
        shown = next((each for each in translations if each.id == message.translation), None)
        return Template(
            "ask.html",
            context={
                "q": message.question,
                "message": message,
                "translation": shown,
                "translations": translations,
            },
        )
