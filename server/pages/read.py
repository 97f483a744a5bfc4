"""The pages of reading: books and chapters to choose from, and a chapter in one translation or two."""

from typing import Annotated, Any
from urllib.parse import quote, urlencode

from litestar import Controller, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter
from litestar.response import Redirect, Template

from appliance.community.accounts.permissions import Permission
from appliance.infrastructure.database import Database
from appliance.scripture.references import find_book
from appliance.scripture.translations import queries
from appliance.scripture.translations.queries import Translations
from server.http.access import rule
from server.http.path_numbers import chapter_number
from server.http.rendering import TESTAMENT_NAMES, render_chapter, render_rows


class ReadPagesController(Controller):
    path = "/read"
    include_in_schema = False
    opt = rule(Permission.READ)

    @get(sync_to_thread=True)
    def choose(
        self,
        all_translations: NamedDependency[Translations],
        library: NamedDependency[Database],
        translation: FromQuery[str] = "",
        book: FromQuery[str] = "",
    ) -> Template:
        shown = all_translations.choose(translation)
        named = find_book(book) if book else None
        books = queries.books(library, shown)
        groups = [
            (title, [each for each in books if each.testament is testament])
            for testament, title in TESTAMENT_NAMES.items()
        ]
        return Template(
            "choose.html",
            context={
                "translation": shown,
                "translations": queries.translations(library),
                "groups": groups,
                "book": named,
                "chapters": queries.chapters(library, shown, named) if named else [],
            },
        )

    @get("/{translation:str}/{book:str}/{number:str}", sync_to_thread=True)
    def read(
        self,
        library: NamedDependency[Database],
        all_translations: NamedDependency[Translations],
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
        shown = all_translations.choose(translation)
        chapter = queries.chapter(library, shown, find_book(book), chapter_number(number))
        context: dict[str, Any] = {
            "chapter": chapter,
            "other": other,
            "translations": queries.translations(library),
            "chapters": queries.chapters(library, chapter.translation, chapter.book),
        }
        if other and other != chapter.translation.id:
            second = all_translations.choose(other)
            beside = queries.chapter_verses(library, second, chapter.book, chapter.chapter)
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
