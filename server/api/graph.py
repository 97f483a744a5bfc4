"""How verses hang together: related passages."""

from typing import Annotated, Any

import msgspec
from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody, QueryParameter

from appliance.community.accounts.permissions import Permission
from appliance.infrastructure.database import Database
from appliance.infrastructure.graph.asking import Graph
from appliance.infrastructure.graph.free_question import ask_freely
from appliance.infrastructure.paths import DataFolder
from appliance.scripture.canon import osis_of
from appliance.scripture.graph.related import MAX_LIMIT, Reason, related
from appliance.scripture.references import VersePlace, format_verse, parse_reference
from appliance.scripture.search.joined import MAX_LIMIT as MAX_JOINED
from appliance.scripture.search.joined import Joined, JoinedHits, join
from appliance.scripture.search.service import Finder
from appliance.scripture.translations import queries
from appliance.scripture.translations.queries import Translations
from server.http.access import rule
from server.http.limits import SlowRequests


class RelatedView(VersePlace, frozen=True, kw_only=True):
    """A passage with its text and what ties it to the one that was asked for, the strongest reason first."""

    text: str
    score: float
    reasons: tuple[Reason, ...]


class RelatedList(msgspec.Struct, frozen=True, kw_only=True):
    reference: str
    osis: str
    translation: str
    related: list[RelatedView]


class QuestionView(msgspec.Struct, frozen=True, kw_only=True):
    """A query in Cypher, and the values of its `$names`."""

    query: str
    parameters: dict[str, Any] = {}


class JoinedQuestion(msgspec.Struct, frozen=True, kw_only=True):
    """A query in Cypher that returns `verse_id`; words that a verse must have; a sentence that it should be like."""

    query: str
    parameters: dict[str, Any] = {}
    words: str = ""
    like: str = ""
    translation: str = ""
    limit: Annotated[int, msgspec.Meta(ge=1, le=MAX_JOINED)] = 20


class AnswerView(msgspec.Struct, frozen=True, kw_only=True):
    """`cut` where there would be more rows than are given."""

    columns: list[str]
    rows: list[list[Any]]
    cut: bool


class GraphController(Controller):
    """The graph."""

    path = "/"
    tags = ("Graph",)
    opt = rule(Permission.READ)

    @get("/related", sync_to_thread=True, summary="Passages related to a verse, and why")
    def related_passages(
        self,
        library: NamedDependency[Database],
        graph: NamedDependency[Graph],
        all_translations: NamedDependency[Translations],
        ref: Annotated[str, QueryParameter(description="Such as John 3:16; of a range its first verse.")],
        translation: Annotated[str, QueryParameter(description="Id; empty for the default.")] = "",
        limit: Annotated[int, QueryParameter(ge=1, le=MAX_LIMIT)] = 20,
    ) -> RelatedList:
        verse = parse_reference(ref).start
        text = all_translations.choose(translation)
        found = related(graph, verse, limit)
        texts = queries.texts(library, text, [each.verse_id for each in found])
        return RelatedList(
            reference=format_verse(verse),
            osis=osis_of(verse),
            translation=text.id,
            related=[
                RelatedView(
                    verse_id=each.verse_id,
                    osis=each.osis,
                    reference=each.reference,
                    score=each.score,
                    reasons=each.reasons,
                    text=texts[each.verse_id],
                )
                for each in found
                if each.verse_id in texts
            ],
        )

    @post(
        "/graph/search",
        status_code=200,
        opt=rule(Permission.ASK),
        summary="Verses of a query in Cypher, by words and meaning",
    )
    async def search(
        self,
        library: NamedDependency[Database],
        finder: NamedDependency[Finder],
        all_translations: NamedDependency[Translations],
        folder: NamedDependency[DataFolder],
        slow: NamedDependency[SlowRequests],
        data: JSONBody[JoinedQuestion],
    ) -> JoinedHits:
        asked = Joined(
            cypher=data.query, parameters=data.parameters, words=data.words, like=data.like, limit=data.limit
        )
        return await slow.run(_join, library, finder, all_translations, folder, asked, data.translation)

    @post(
        "/graph/query",
        status_code=200,
        opt=rule(Permission.ASK),
        summary="Ask the graph in Cypher",
    )
    async def query(
        self, folder: NamedDependency[DataFolder], slow: NamedDependency[SlowRequests], data: JSONBody[QuestionView]
    ) -> AnswerView:
        answer = await slow.run(ask_freely, folder.graph, data.query, data.parameters)
        return AnswerView(columns=answer.columns, rows=answer.rows, cut=answer.cut)


def _join(
    library: Database,
    finder: Finder,
    all_translations: Translations,
    folder: DataFolder,
    asked: Joined,
    translation: str,
) -> JoinedHits:
    return join(library, folder.graph, finder.meaning.embedder, asked, all_translations.choose(translation))
