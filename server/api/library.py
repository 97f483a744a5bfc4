"""The library: translations and their books, comments, the lexicon, and references in a given text."""

from typing import Annotated

import msgspec
from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from appliance.community.accounts.permissions import Permission
from appliance.errors import Refused
from appliance.infrastructure.database import Database
from appliance.scripture.canon import Testament
from appliance.scripture.commentaries import queries as commentaries
from appliance.scripture.commentaries.comment import PassageComment
from appliance.scripture.dictionaries import queries as dictionaries
from appliance.scripture.dictionaries.lexicon import LexiconEntry
from appliance.scripture.paging import MAX_AFTER
from appliance.scripture.references import Reference, parse_reference
from appliance.scripture.references.book_tables import Language
from appliance.scripture.references.long_text import find_page, is_long
from appliance.scripture.translations import queries
from appliance.scripture.translations.queries import Translations
from appliance.scripture.translations.translation import Translation
from server.http.access import rule
from server.http.limits import SlowRequests

MAX_TEXT_CHARACTERS = 200_000
MAX_COMMENTS = 200


class TextTooLong(Refused):
    """The text of a request is too long."""


class TranslationView(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    name: str
    language: str
    verses: int
    licence: str
    attribution: str
    source: str
    versification: str


class TranslationList(msgspec.Struct, frozen=True):
    translations: list[TranslationView]


class CommentList(msgspec.Struct, frozen=True, kw_only=True):
    """A page of comments; `next_after` is set when there are more."""

    reference: str
    comments: list[PassageComment]
    next_after: int | None = None


class ReferenceText(msgspec.Struct, frozen=True, kw_only=True):
    """A text that contains references.

    `language` decides which book an ambiguous book name means. `after` is `next_after` of the previous page.
    """

    text: str
    language: str = "en"
    after: Annotated[int, msgspec.Meta(ge=0, le=MAX_AFTER)] = 0


class FoundReferenceView(msgspec.Struct, frozen=True, kw_only=True):
    """A reference at `text[start:end]`; offsets count characters."""

    start: int
    end: int
    reference: str
    osis: str


class FoundReferences(msgspec.Struct, frozen=True):
    """A page of references; `next_after` is set when there are more."""

    references: list[FoundReferenceView]
    next_after: int | None = None


class BookView(msgspec.Struct, frozen=True, kw_only=True):
    osis: str
    name: str
    testament: Testament
    chapters: list[int]


class BookList(msgspec.Struct, frozen=True):
    translation: str
    books: list[BookView]


def _translation_view(translation: Translation) -> TranslationView:
    fields = TranslationView.__struct_fields__
    return TranslationView(**{name: getattr(translation, name) for name in fields})


class LibraryController(Controller):
    tags = ("Scripture",)
    opt = rule(Permission.READ)

    @get("/translations", sync_to_thread=True, summary="The translations in the library")
    def translations(self, library: NamedDependency[Database]) -> TranslationList:
        return TranslationList([_translation_view(translation) for translation in queries.translations(library)])

    @get(
        "/translations/{translation:str}/books",
        sync_to_thread=True,
        summary="The books of a translation and their chapters",
    )
    def books(
        self,
        library: NamedDependency[Database],
        all_translations: NamedDependency[Translations],
        translation: FromPath[str],
    ) -> BookList:
        chosen_translation = all_translations.choose(translation)
        return BookList(
            chosen_translation.id,
            [
                BookView(
                    osis=book.osis,
                    name=book.name,
                    testament=book.testament,
                    chapters=queries.chapters(library, chosen_translation, book),
                )
                for book in queries.books(library, chosen_translation)
            ],
        )

    @get("/comments", summary="What commentaries say about a passage")
    async def comments(
        self,
        library: NamedDependency[Database],
        slow: NamedDependency[SlowRequests],
        ref: Annotated[str, QueryParameter(description="A reference, such as John 3:16-18 or John.3.16.")],
        after: Annotated[int, QueryParameter(ge=0, le=MAX_AFTER, description="`next_after` of the previous page.")] = 0,
        limit: Annotated[int, QueryParameter(ge=1, le=MAX_COMMENTS)] = MAX_COMMENTS,
    ) -> CommentList:
        reference = parse_reference(ref)
        return await slow.run_when(reference.is_long, _comments, library, reference, after=after, limit=limit)

    @post("/references", status_code=200, summary="The references in a text")
    async def references(self, slow: NamedDependency[SlowRequests], data: JSONBody[ReferenceText]) -> FoundReferences:
        if len(data.text) > MAX_TEXT_CHARACTERS:
            raise TextTooLong(
                f"The text has {len(data.text):,} characters.",
                remedy=f"Send at most {MAX_TEXT_CHARACTERS:,} characters per request.",
            )
        return await slow.run_when(is_long(data.text), _references, data)

    @get("/lexicon/{strongs:str}", sync_to_thread=True, summary="The lexicon entry of a Strong's number")
    def lexicon(self, library: NamedDependency[Database], strongs: FromPath[str]) -> LexiconEntry:
        return dictionaries.lexicon_entry(library, strongs)


def _comments(library: Database, reference: Reference, *, after: int, limit: int) -> CommentList:
    page = commentaries.comments(library, reference, after=after, limit=limit)
    return CommentList(reference=str(reference), comments=page.items, next_after=page.next_after)


def _references(data: ReferenceText) -> FoundReferences:
    languages: tuple[Language, ...] = ("es", "en") if data.language.startswith("es") else ("en", "es")
    page = find_page(data.text, languages, after=data.after)
    return FoundReferences(
        references=[
            FoundReferenceView(start=item.start, end=item.end, reference=str(item.reference), osis=item.reference.osis)
            for item in page.items
        ],
        next_after=page.next_after,
    )
