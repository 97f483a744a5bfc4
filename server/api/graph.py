"""Related passages and graph queries."""

from typing import Annotated, Any

import msgspec
from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody, QueryParameter

from appliance.community.accounts.permissions import Permission
from appliance.infrastructure.database import Database
from appliance.infrastructure.graph.interface import Graph
from appliance.infrastructure.graph.user_query import run_user_query
from appliance.infrastructure.paths import DataFolder
from appliance.scripture.canon import osis_of
from appliance.scripture.graph.related import MAX_LIMIT, Reason, related
from appliance.scripture.references import VersePlace, format_verse, parse_reference
from appliance.scripture.search.joined import MAX_LIMIT as MAX_JOINED
from appliance.scripture.search.joined import JoinedHits, JoinedQuery, join
from appliance.scripture.search.service import Finder
from appliance.scripture.translations import queries
from appliance.scripture.translations.queries import Translations
from server.http.access import rule
from server.http.limits import SlowRequests


class RelatedView(VersePlace, frozen=True, kw_only=True):
    """A related passage with its text and the reasons for the relation, the strongest reason first."""

    text: str
    score: float
    reasons: tuple[Reason, ...]


class RelatedList(msgspec.Struct, frozen=True, kw_only=True):
    reference: str
    osis: str
    translation: str
    related: list[RelatedView]


class GraphQueryRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A Cypher query and the values of its `$parameters`."""

    query: str
    parameters: dict[str, Any] = {}


class GraphSearch(msgspec.Struct, frozen=True, kw_only=True):
    """A Cypher query that returns `verse_id`. Verses must contain `words`, and are ranked by similarity to `similar_to`."""

    query: str
    parameters: dict[str, Any] = {}
    words: str = ""
    similar_to: str = ""
    translation: str = ""
    limit: Annotated[int, msgspec.Meta(ge=1, le=MAX_JOINED)] = 20


class GraphQueryResult(msgspec.Struct, frozen=True, kw_only=True):
    """`truncated` is true when the query has more rows than this answer."""

    columns: list[str]
    rows: list[list[Any]]
    truncated: bool


class GraphController(Controller):
    """The graph of passages, words, topics and entities."""

    path = "/"
    tags = ("Graph",)
    opt = rule(Permission.READ)

    @get("/related", sync_to_thread=True, summary="Passages related to a verse, and why")
    def related_passages(
        self,
        library: NamedDependency[Database],
        graph: NamedDependency[Graph],
        all_translations: NamedDependency[Translations],
        ref: Annotated[
            str, QueryParameter(description="A reference, such as John 3:16. Only the first verse of a range is used.")
        ],
        translation: Annotated[str, QueryParameter(description="Id of a translation; empty for the default.")] = "",
        limit: Annotated[int, QueryParameter(ge=1, le=MAX_LIMIT)] = 20,
    ) -> RelatedList:
        verse = parse_reference(ref).start
        chosen_translation = all_translations.choose(translation)
        passages = related(graph, verse, limit)
        texts = queries.texts(library, chosen_translation, [passage.verse_id for passage in passages])
        return RelatedList(
            reference=format_verse(verse),
            osis=osis_of(verse),
            translation=chosen_translation.id,
            related=[
                RelatedView(
                    verse_id=passage.verse_id,
                    osis=passage.osis,
                    reference=passage.reference,
                    score=passage.score,
                    reasons=passage.reasons,
                    text=texts[passage.verse_id],
                )
                for passage in passages
                if passage.verse_id in texts
            ],
        )

    @post(
        "/graph/search",
        status_code=200,
        opt=rule(Permission.ASK),
        summary="Search by words and meaning among the verses that a Cypher query returns",
    )
    async def search(
        self,
        library: NamedDependency[Database],
        finder: NamedDependency[Finder],
        all_translations: NamedDependency[Translations],
        folder: NamedDependency[DataFolder],
        slow: NamedDependency[SlowRequests],
        data: JSONBody[GraphSearch],
    ) -> JoinedHits:
        joined = JoinedQuery(
            cypher=data.query,
            parameters=data.parameters,
            words=data.words,
            similar_to=data.similar_to,
            limit=data.limit,
        )
        return await slow.run(_join, library, finder, all_translations, folder, joined, data.translation)

    @post(
        "/graph/query",
        status_code=200,
        opt=rule(Permission.ASK),
        summary="Run a Cypher query on the graph",
    )
    async def query(
        self,
        folder: NamedDependency[DataFolder],
        slow: NamedDependency[SlowRequests],
        data: JSONBody[GraphQueryRequest],
    ) -> GraphQueryResult:
        answer = await slow.run(run_user_query, folder.graph, data.query, data.parameters)
        return GraphQueryResult(columns=answer.columns, rows=answer.rows, truncated=answer.truncated)


def _join(
    library: Database,
    finder: Finder,
    all_translations: Translations,
    folder: DataFolder,
    joined: JoinedQuery,
    translation: str,
) -> JoinedHits:
    return join(library, folder.graph, finder.meaning.embedder, joined, all_translations.choose(translation))
