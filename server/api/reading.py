"""Reading Scripture: passages and chapters."""

from typing import Annotated, Any

import msgspec
from litestar import Controller, Request, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter

from appliance.community.accounts.permissions import Permission
from appliance.infrastructure.database import Database
from appliance.scripture.references import Reference, VersePlace, find_book, format_verse, parse_reference
from appliance.scripture.translations import queries
from appliance.scripture.translations.queries import Translations
from appliance.scripture.translations.translation import Chapter
from appliance.scripture.translations.verse import Break, Heading, Note, Span, Verse
from server.http.access import rule
from server.http.caching import cached, etag_of
from server.http.limits import SlowRequests
from server.http.path_numbers import chapter_number


class WordView(msgspec.Struct, frozen=True, kw_only=True):
    """A part of the text and its Strong's numbers; offsets count characters."""

    start: int
    end: int
    text: str
    strongs: tuple[str, ...]


class PassageVerse(VersePlace, frozen=True, kw_only=True):
    """One verse in several translations; `texts`, `notes` and `words` have one entry per translation."""

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


def _words(verse: Verse) -> tuple[WordView, ...]:
    return tuple(
        WordView(start=word.start, end=word.end, text=verse.text[word.start : word.end], strongs=word.strongs)
        for word in verse.markup.words
    )


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


class ReadingController(Controller):
    tags = ("Scripture",)
    opt = rule(Permission.READ)

    @get("/passages", summary="A passage in one or more translations")
    async def passage(
        self,
        library: NamedDependency[Database],
        all_translations: NamedDependency[Translations],
        slow: NamedDependency[SlowRequests],
        ref: Annotated[str, QueryParameter(description="A reference, such as John 3:16-18 or John.3.16.")],
        translations: Annotated[
            str, QueryParameter(description="Ids of translations, separated by commas; empty for the default.")
        ] = "",
    ) -> PassageView:
        reference = parse_reference(ref)
        return await slow.run_when(reference.is_long, _passage, library, all_translations, reference, translations)

    @get(
        "/chapters/{translation:str}/{book:str}/{chapter:str}",
        summary="A chapter of a translation",
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
        # This handler needs no thread: a read by key takes 0.4 ms (Psalm 119: 2 ms) and never waits for a writer. While jobs
        # use all cores, two thread switches can take longer.
        chosen_translation = all_translations.choose(translation)
        content = queries.chapter(library, chosen_translation, find_book(book), chapter_number(chapter))
        etag = etag_of(content.translation.id, content.translation.digest, content.book.osis, str(content.chapter))
        return cached(request, etag, view_chapter(content))


def _passage(library: Database, all_translations: Translations, reference: Reference, names: str) -> PassageView:
    return PassageView(
        reference=str(reference),
        osis=reference.osis,
        verses=[
            PassageVerse(
                verse_id=place.verse_id,
                osis=next(iter(place.verses.values())).osis,
                reference=format_verse(place.verse_id),
                texts={key: verse.text for key, verse in place.verses.items()},
                notes={key: verse.markup.notes for key, verse in place.verses.items()},
                words={key: _words(verse) for key, verse in place.verses.items()},
            )
            for place in queries.passage(library, reference, all_translations.choose_several(names))
        ],
    )
