"""The pages: home, read, search, ask, about. They work without JavaScript; the modules in static/ make them quicker."""

import asyncio
from typing import Annotated, Any
from urllib.parse import quote, urlencode

from litestar import Controller, MediaType, Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter, URLEncodedBody
from litestar.response import Redirect, Template

from appliance.community.accounts import queries as accounts
from appliance.community.accounts.permissions import Permission
from appliance.community.accounts.person import Person
from appliance.infrastructure.exposed_keys import EXPOSED_KEYS, RENEW_KEYS
from appliance.scripture.canon import Testament
from appliance.scripture.kinds import DATA_SETS, DICTIONARIES
from appliance.scripture.library.queries import installed
from appliance.scripture.references import book_named, find_book
from appliance.scripture.search.hits import Mode, Search
from appliance.scripture.search.named import doubt_about, named_reference
from appliance.scripture.translations import queries
from appliance.study.operations import AnswerDesk
from server.api.ask import begin_answer, own_message
from server.bootstrap import Appliance
from server.errors import Problem
from server.http.access import rule
from server.http.path_numbers import chapter_number
from server.http.rendering import read_address, render_chapter, render_rows
from server.http.threads import Kind, in_threads_for

PAGE_SIZE = 20
TESTAMENT_NAMES = {
    Testament.OLD: "Old Testament",
    Testament.NEW: "New Testament",
    Testament.DEUTEROCANON: "Deuterocanon",
}


def problem_page(problem: Problem) -> Response[Any]:
    """An error as a page."""
    return Template("problem.html", context={"problem": problem}, status_code=problem.status)


class PagesController(Controller):
    include_in_schema = False
    opt = rule(Permission.READ)

    @get("/", sync_to_thread=True)
    def home(self, appliance: NamedDependency[Appliance]) -> Template:
        appliance.finder.prepare()
        return Template(
            "home.html",
            context={
                "translations": queries.translations(appliance.library),
                "index": appliance.derived.index_state(),
                "set_up": accounts.is_set_up(appliance.appliance_db),
                "warnings": [f"{EXPOSED_KEYS} {RENEW_KEYS}"] if appliance.certificate.keys_are_exposed else [],
            },
        )

    @get("/read", sync_to_thread=True)
    def choose(
        self, appliance: NamedDependency[Appliance], translation: FromQuery[str] = "", book: FromQuery[str] = ""
    ) -> Template:
        shown = appliance.translations.choose(translation)
        named = find_book(book) if book else None
        books = queries.books(appliance.library, shown)
        groups = [
            (title, [each for each in books if each.testament is testament])
            for testament, title in TESTAMENT_NAMES.items()
        ]
        return Template(
            "choose.html",
            context={
                "translation": shown,
                "translations": queries.translations(appliance.library),
                "groups": groups,
                "book": named,
                "chapters": queries.chapters(appliance.library, shown, named) if named else [],
            },
        )

    @get("/read/{translation:str}/{book:str}/{number:str}", sync_to_thread=True)
    def read(
        self,
        appliance: NamedDependency[Appliance],
        translation: FromPath[str],
        book: FromPath[str],
        number: FromPath[str],
        other: Annotated[str, QueryParameter(name="with")] = "",
        text: FromQuery[str] = "",
    ) -> Template | Redirect:
        if text:
            # The form of the page names the text; its address is the tidy one.
            suffix = f"?{urlencode({'with': other})}" if other and other != text else ""
            return Redirect(f"/read/{quote(text)}/{quote(book)}/{quote(number)}{suffix}", status_code=303)
        chapter = queries.chapter(appliance.library, translation, find_book(book), chapter_number(number))
        context: dict[str, Any] = {
            "chapter": chapter,
            "other": other,
            "translations": queries.translations(appliance.library),
            "chapters": queries.chapters(appliance.library, chapter.translation, chapter.book),
        }
        if other and other != chapter.translation.id:
            second = queries.find_translation(appliance.library, other)
            beside = queries.chapter_verses(appliance.library, second, chapter.book, chapter.chapter)
            rows, notes = render_rows([chapter.verses, beside])
            context |= {
                "rows": rows,
                "second": second,
                "footnotes": [note for column in notes for note in column],
            }
        else:
            rendered = render_chapter(chapter.verses)
            context |= {"html": rendered.html, "footnotes": rendered.footnotes}
        return Template("read.html", context=context)

    @get("/search", sync_to_thread=True, opt=in_threads_for(Kind.SEARCH))
    def search(
        self,
        appliance: NamedDependency[Appliance],
        q: FromQuery[str] = "",
        mode: FromQuery[Mode] = Mode.HYBRID,
        translation: FromQuery[str] = "",
        testament: FromQuery[str] = "",
        book: FromQuery[str] = "",
        within: Annotated[str, QueryParameter(name="range")] = "",
        cursor: FromQuery[str] = "",
    ) -> Template | Redirect:
        shown = appliance.translations.choose(translation)
        reference = named_reference(q)
        if reference and mode is Mode.HYBRID and not cursor:
            return Redirect(read_address(shown.id, reference.start), status_code=303)
        chosen = {
            "q": q,
            "mode": mode.value,
            "translation": shown.id,
            "testament": testament,
            "book": book,
            "range": within,
        }
        appliance.finder.prepare()
        results = None
        named = book_named(q) if mode is Mode.HYBRID else None
        if q.strip():
            wanted = Search(
                query=q,
                mode=mode,
                translation=shown.id,
                limit=PAGE_SIZE,
                cursor=cursor or None,
                testament=Testament(testament) if testament in set(Testament) else None,
                book=book or None,
                within=within or None,
            )
            results = appliance.finder.search(wanted)
        return Template(
            "search.html",
            context={
                "q": q,
                "named": named,
                "doubt": doubt_about(q),
                "chosen": chosen,
                "results": results,
                "modes": list(Mode),
                "testaments": TESTAMENT_NAMES,
                "translations": queries.translations(appliance.library),
                "translation": shown,
                "voted": results is not None and any(hit.why.voted_topic for hit in results.hits),
                "address": lambda **changes: "/search?" + urlencode({k: v for k, v in (chosen | changes).items() if v}),
            },
        )

    @get("/ask", sync_to_thread=True, opt=rule(Permission.ASK))
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

    @post("/ask", status_code=303, opt=rule(Permission.ASK))
    async def ask_form(
        self,
        appliance: NamedDependency[Appliance],
        desk: NamedDependency[AnswerDesk],
        me: NamedDependency[Person],
        data: URLEncodedBody[dict[str, str]],
    ) -> Redirect:
        message = await begin_answer(appliance, desk, me, data.get("question", ""), data.get("translation", ""))
        return Redirect(f"/ask/{message.id}", status_code=303)

    @get("/ask/{message_id:str}", opt=rule(Permission.ASK))
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

    @get("/about", sync_to_thread=True, opt=rule(Permission.ENTER, plain=True))
    def about(self, appliance: NamedDependency[Appliance]) -> Template:
        return Template(
            "about.html",
            context={
                "translations": queries.translations(appliance.library),
                "dictionaries": installed(appliance.library, *DICTIONARIES),
                "data_sets": installed(appliance.library, *DATA_SETS),
                "models": appliance.catalogue.models(),
            },
        )

    @get("/favicon.ico", media_type=MediaType.TEXT, opt=rule(Permission.ENTER, plain=True))
    async def favicon(self, request: Request[Any, Any, Any]) -> Redirect:  # noqa: ARG002 - browsers ask for it by themselves
        return Redirect("/static/lamp.svg")
