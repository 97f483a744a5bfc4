"""Search and suggestions."""

from typing import Annotated

import msgspec
from litestar import Controller, get
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter

from appliance.community.accounts.permissions import Permission
from appliance.scripture.canon import Testament
from appliance.scripture.search.hits import MAX_LIMIT, Mode, Results, Search
from appliance.scripture.search.service import MAX_QUERY_CHARACTERS, Finder
from appliance.scripture.suggestions import MAX_SUGGESTIONS, Suggester, Suggestion
from appliance.scripture.translations.queries import Translations
from server.http.access import rule
from server.http.threads import Kind, in_threads_for


class Suggestions(msgspec.Struct, frozen=True, kw_only=True):
    """Suggestions for a partly typed query, best first."""

    typed: str
    suggestions: list[Suggestion]


class SuggestController(Controller):
    path = "/suggest"
    tags = ("Search",)
    opt = rule(Permission.READ)

    @get(sync_to_thread=True, summary="Passages, topics, words, people and places that start with the typed text")
    def suggest(
        self,
        finder: NamedDependency[Finder],
        suggester: NamedDependency[Suggester],
        q: Annotated[str, QueryParameter(description="The text typed so far.")],
        limit: Annotated[int, QueryParameter(ge=1, le=MAX_SUGGESTIONS)] = 8,
    ) -> Suggestions:
        finder.prepare()
        return Suggestions(typed=q, suggestions=suggester.suggest(q[:MAX_QUERY_CHARACTERS], limit))


class SearchController(Controller):
    path = "/search"
    tags = ("Search",)
    opt = rule(Permission.READ)

    @get(
        sync_to_thread=True,
        opt=in_threads_for(Kind.SEARCH),
        summary="Search verses by words, phrase, meaning or reference",
    )
    def search(
        self,
        finder: NamedDependency[Finder],
        all_translations: NamedDependency[Translations],
        q: Annotated[
            str, QueryParameter(description='Words, "phrases", prefix*, AND, OR, NOT, -word, or a reference.')
        ],
        mode: FromQuery[Mode] = Mode.HYBRID,
        translation: Annotated[
            str, QueryParameter(description="Id of the translation to show; empty for the default.")
        ] = "",
        limit: Annotated[int, QueryParameter(ge=1, le=MAX_LIMIT)] = 20,
        cursor: Annotated[str | None, QueryParameter(description="`next_cursor` of the previous page.")] = None,
        testament: FromQuery[Testament | None] = None,
        book: Annotated[str | None, QueryParameter(description="The name or OSIS id of a book.")] = None,
        within: Annotated[
            str | None, QueryParameter(name="range", description="A reference, such as Gen 1-11.")
        ] = None,
    ) -> Results:
        search = Search(
            query=q,
            mode=mode,
            translation=all_translations.choose(translation),
            limit=limit,
            cursor=cursor,
            testament=testament,
            book=book,
            within=within,
        )
        return finder.search(search)
