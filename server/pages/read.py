"""The reading pages: choose a book and a chapter, and read a chapter in one or two translations."""

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
        current_translation = all_translations.choose(translation)
        chosen_book = find_book(book) if book else None
        books = queries.books(library, current_translation)
        groups = [
            (title, [listed for listed in books if listed.testament is testament])
            for testament, title in TESTAMENT_NAMES.items()
        ]
        return Template(
            "choose.html",
            context={
                "translation": current_translation,
                "translations": queries.translations(library),
                "groups": groups,
                "book": chosen_book,
                "chapters": queries.chapters(library, current_translation, chosen_book) if chosen_book else [],
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
            # The form of the page sends the translation as a parameter. Redirect to the address that has it in the path.
            suffix = f"?{urlencode({'with': other})}" if other and other != text else ""
            return Redirect(f"/read/{quote(text)}/{quote(book)}/{quote(number)}{suffix}", status_code=303)
        current_translation = all_translations.choose(translation)
        chapter = queries.chapter(library, current_translation, find_book(book), chapter_number(number))
        second = all_translations.choose(other) if other else None
        if second == chapter.translation:
            second = None
        context: dict[str, Any] = {
            "chapter": chapter,
            "second": second,
            "translations": queries.translations(library),
            "chapters": queries.chapters(library, chapter.translation, chapter.book),
        }
        if second:
            second_verses = queries.chapter_verses(library, second, chapter.book, chapter.chapter)
            rows, notes = render_rows([chapter.verses, second_verses])
            context |= {
                "rows": rows,
                "footnotes": [note for column in notes for note in column],
            }
        else:
            rendered = render_chapter(chapter.verses)
            context |= {"html": rendered.html, "footnotes": rendered.footnotes}
        return Template("read.html", context=context)
