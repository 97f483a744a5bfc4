"""Scripture: translations, passages, chapters, the lexicon."""

from typing import Annotated, Any

import msgspec
from litestar import Controller, Request, Response, get, post
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
from appliance.scripture.references import Reference, find_book, format_range, parse_reference
from appliance.scripture.references.book_tables import Language
from appliance.scripture.references.long_text import find_page, is_long
from appliance.scripture.translations import queries
from appliance.scripture.translations.queries import Translations
from appliance.scripture.translations.translation import Chapter, Translation
from appliance.scripture.translations.verse import Break, Heading, Note, Span, Verse
from server.http.access import rule
from server.http.caching import cached, etag_of
from server.http.limits import SlowRequests
from server.http.path_numbers import chapter_number

MAX_TEXT_CHARACTERS = 200_000
MAX_COMMENTS = 200


class TextTooLong(Refused):
    """More text is sent than is read at a time."""


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


class WordView(msgspec.Struct, frozen=True, kw_only=True):
    """A run of the text with the Strong's numbers behind it; offsets count characters."""

    start: int
    end: int
    text: str
    strongs: tuple[str, ...]


class CommentList(msgspec.Struct, frozen=True, kw_only=True):
    """A page of comments; `next_after` is given where there are more."""

    reference: str
    comments: list[PassageComment]
    next_after: int | None = None


class TextToRead(msgspec.Struct, frozen=True, kw_only=True):
    """A text with references in it; `language` says which names of books go before, where two languages share one.

    `after` is `next_after` of the page before.
    """

    text: str
    language: str = "en"
    after: Annotated[int, msgspec.Meta(ge=0, le=MAX_AFTER)] = 0


class FoundReferenceView(msgspec.Struct, frozen=True, kw_only=True):
    """A reference at `text[start:end]`, counted in characters."""

    start: int
    end: int
    reference: str
    osis: str


class FoundReferences(msgspec.Struct, frozen=True):
    """A page of references; `next_after` is given where there are more."""

    references: list[FoundReferenceView]
    next_after: int | None = None


class PassageVerse(msgspec.Struct, frozen=True, kw_only=True):
    """One place in several texts; texts, notes and words are by translation."""

    verse_id: int
    osis: str
    reference: str
    texts: dict[str, str]
    notes: dict[str, tuple[Note, ...]]
    words: dict[str, tuple[WordView, ...]]


class PassageView(msgspec.Struct, frozen=True, kw_only=True):
    reference: str
    osis: str
    verses: list[PassageVerse]


class ChapterVerse(msgspec.Struct, frozen=True, kw_only=True):
    """A verse; notes, words, spans, breaks and headings point into its text by character offsets."""

    verse_id: int
    osis: str
    verse: int
    label: str
    text: str
    notes: tuple[Note, ...]
    words: tuple[WordView, ...]
    spans: tuple[Span, ...]
    breaks: tuple[Break, ...]
    headings: tuple[Heading, ...]


class ChapterPlace(msgspec.Struct, frozen=True, kw_only=True):
    book: str
    chapter: int


class ChapterView(msgspec.Struct, frozen=True, kw_only=True):
    translation: str
    book: str
    book_name: str
    chapter: int
    previous: ChapterPlace | None
    next: ChapterPlace | None
    verses: list[ChapterVerse]


class BookView(msgspec.Struct, frozen=True, kw_only=True):
    osis: str
    name: str
    testament: Testament
    chapters: list[int]


class BookList(msgspec.Struct, frozen=True):
    translation: str
    books: list[BookView]


def _words(verse: Verse) -> tuple[WordView, ...]:
    return tuple(
        WordView(start=word.start, end=word.end, text=verse.text[word.start : word.end], strongs=word.strongs)
        for word in verse.markup.words
    )


def _translation_view(translation: Translation) -> TranslationView:
    fields = TranslationView.__struct_fields__
    return TranslationView(**{name: getattr(translation, name) for name in fields})


def _place(place: tuple[str, int] | None) -> ChapterPlace | None:
    return ChapterPlace(book=place[0], chapter=place[1]) if place else None


def view_chapter(chapter: Chapter) -> ChapterView:
    return ChapterView(
        translation=chapter.translation.id,
        book=chapter.book.osis,
        book_name=chapter.book.name,
        chapter=chapter.chapter,
        previous=_place(chapter.previous),
        next=_place(chapter.next),
        verses=[
            ChapterVerse(
                verse_id=verse.verse_id,
                osis=verse.osis,
                verse=verse.place[2],
                label=verse.label,
                text=verse.text,
                words=_words(verse),
                notes=verse.markup.notes,
                spans=verse.markup.spans,
                breaks=verse.markup.breaks,
                headings=verse.markup.headings,
            )
            for verse in chapter.verses
        ],
    )


class LibraryController(Controller):
    tags = ("Scripture",)
    opt = rule(Permission.READ)

    @get("/translations", sync_to_thread=True, summary="The texts of the library")
    def translations(self, library: NamedDependency[Database]) -> TranslationList:
        return TranslationList([_translation_view(each) for each in queries.translations(library)])

    @get(
        "/translations/{translation:str}/books",
        sync_to_thread=True,
        summary="The books of a text and their chapters",
    )
    def books(
        self,
        library: NamedDependency[Database],
        all_translations: NamedDependency[Translations],
        translation: FromPath[str],
    ) -> BookList:
        found = all_translations.choose(translation)
        return BookList(
            found.id,
            [
                BookView(
                    osis=book.osis,
                    name=book.name,
                    testament=book.testament,
                    chapters=queries.chapters(library, found, book),
                )
                for book in queries.books(library, found)
            ],
        )

    @get("/passages", summary="A passage in one or several texts")
    async def passage(
        self,
        library: NamedDependency[Database],
        all_translations: NamedDependency[Translations],
        slow: NamedDependency[SlowRequests],
        ref: Annotated[str, QueryParameter(description="Such as John 3:16-18 or John.3.16.")],
        translations: Annotated[
            str, QueryParameter(description="Ids with commas between; empty for the default.")
        ] = "",
    ) -> PassageView:
        reference = parse_reference(ref)
        return await slow.run_when(reference.is_long, _passage, library, all_translations, reference, translations)

    @get(
        "/chapters/{translation:str}/{book:str}/{chapter:str}",
        summary="A chapter of a text",
    )
    async def chapter(
        self,
        request: Request[Any, Any, Any],
        library: NamedDependency[Database],
        all_translations: NamedDependency[Translations],
        translation: FromPath[str],
        book: FromPath[str],
        chapter: FromPath[str],
    ) -> Response[ChapterView | None]:
        # Read by key in 0.4 ms (Psalm 119 in 2), and never behind a writer: less than what two changes of thread may wait
        # for a core while jobs use them all.
        shown = all_translations.choose(translation)
        found = queries.chapter(library, shown, find_book(book), chapter_number(chapter))
        etag = etag_of(found.translation.id, found.translation.digest, found.book.osis, str(found.chapter))
        return cached(request, etag, view_chapter(found))

    @get("/comments", summary="What commentaries say about a passage")
    async def comments(
        self,
        library: NamedDependency[Database],
        slow: NamedDependency[SlowRequests],
        ref: Annotated[str, QueryParameter(description="Such as John 3:16-18 or John.3.16.")],
        after: Annotated[int, QueryParameter(ge=0, le=MAX_AFTER, description="`next_after` of the page before.")] = 0,
        limit: Annotated[int, QueryParameter(ge=1, le=MAX_COMMENTS)] = MAX_COMMENTS,
    ) -> CommentList:
        reference = parse_reference(ref)
        return await slow.run_when(reference.is_long, _comments, library, reference, after=after, limit=limit)

    @post("/references", status_code=200, summary="The references in a text")
    async def references(self, slow: NamedDependency[SlowRequests], data: JSONBody[TextToRead]) -> FoundReferences:
        if len(data.text) > MAX_TEXT_CHARACTERS:
            raise TextTooLong(
                f"The text has {len(data.text):,} characters.",
                remedy=f"Send at most {MAX_TEXT_CHARACTERS:,} at a time.",
            )
        return await slow.run_when(is_long(data.text), _references, data)

    @get("/lexicon/{strongs:str}", sync_to_thread=True, summary="What lies behind a Strong's number")
    def lexicon(self, library: NamedDependency[Database], strongs: FromPath[str]) -> LexiconEntry:
        return dictionaries.lexicon_entry(library, strongs)


def _comments(library: Database, reference: Reference, *, after: int, limit: int) -> CommentList:
    page = commentaries.comments(library, reference, after=after, limit=limit)
    return CommentList(reference=str(reference), comments=page.items, next_after=page.next_after)


def _references(data: TextToRead) -> FoundReferences:
    languages: tuple[Language, ...] = ("es", "en") if data.language.startswith("es") else ("en", "es")
    page = find_page(data.text, languages, after=data.after)
    return FoundReferences(
        references=[
            FoundReferenceView(start=each.start, end=each.end, reference=str(each.reference), osis=each.reference.osis)
            for each in page.items
        ],
        next_after=page.next_after,
    )


def _passage(library: Database, all_translations: Translations, reference: Reference, names: str) -> PassageView:
    return PassageView(
        reference=str(reference),
        osis=reference.osis,
        verses=[
            PassageVerse(
                verse_id=place.verse_id,
                osis=next(iter(place.verses.values())).osis,
                reference=format_range(place.verse_id, place.verse_id),
                texts={key: verse.text for key, verse in place.verses.items()},
                notes={key: verse.markup.notes for key, verse in place.verses.items()},
                words={key: _words(verse) for key, verse in place.verses.items()},
            )
            for place in queries.passage(library, reference, all_translations.choose_several(names))
        ],
    )
