"""Topics of topical dictionaries, and words of the original with every verse that uses them."""

from typing import Annotated

import msgspec
from litestar import Controller, get
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter

from appliance.community.accounts.permissions import Permission
from appliance.infrastructure.database import Database
from appliance.infrastructure.graph.asking import Graph
from appliance.scripture.canon import osis_of
from appliance.scripture.dictionaries import queries as dictionaries
from appliance.scripture.dictionaries.topics import TopicHead
from appliance.scripture.graph.words import uses_of, verses_in_all
from appliance.scripture.paging import MAX_AFTER
from appliance.scripture.references import Reference, VersePlace, format_range, format_verse, parse_reference
from appliance.scripture.translations import queries
from appliance.scripture.translations.queries import Translations
from server.http.access import rule
from server.http.limits import SlowRequests
from server.http.path_numbers import MAX_ID

MAX_PAGE, MAX_CITED = 200, 500


class TopicList(msgspec.Struct, frozen=True, kw_only=True):
    """A page of topics; `next_after` is given where there are more."""

    topics: list[TopicHead]
    next_after: int | None = None


class CitedView(msgspec.Struct, frozen=True, kw_only=True):
    heading: str
    reference: str
    osis: str


class SeeAlso(msgspec.Struct, frozen=True, kw_only=True):
    """A headword that a topic points to; `id` is null where the dictionary has no such topic."""

    headword: str
    id: int | None


class TopicPage(msgspec.Struct, frozen=True, kw_only=True):
    """A topic with a page of what it cites; `next_after` is given where there is more."""

    topic: TopicHead
    cites: list[CitedView]
    see_also: list[SeeAlso]
    next_after: int | None = None


class CitingTopic(msgspec.Struct, frozen=True, kw_only=True):
    """A topic that cites a verse, and under which heading; `size` counts all that it cites."""

    topic: str
    heading: str
    reference: str
    size: int


class CitingTopics(msgspec.Struct, frozen=True, kw_only=True):
    """A page of topics, small ones first; `next_after` is given where there are more."""

    reference: str
    topics: list[CitingTopic]
    next_after: int | None = None


class UseView(VersePlace, frozen=True, kw_only=True):
    """A verse that uses a word, and how often."""

    text: str
    count: int


class Uses(msgspec.Struct, frozen=True, kw_only=True):
    """Verses that use a lemma, in the order of the canon; `next_after` is given where there are more."""

    strongs: str
    lemma: str
    translation: str
    verses: int
    uses: list[UseView]
    next_after: int | None = None


class TopicsController(Controller):
    """Topics and words."""

    path = "/"
    tags = ("Topics and words",)
    opt = rule(Permission.READ)

    @get("/topics", sync_to_thread=True, summary="Topics, by their beginning")
    def browse(
        self,
        library: NamedDependency[Database],
        begins: Annotated[str, QueryParameter(description="How the headword begins.")] = "",
        after: Annotated[int, QueryParameter(ge=0, le=MAX_ID, description="`next_after` of the page before.")] = 0,
        limit: Annotated[int, QueryParameter(ge=1, le=MAX_PAGE)] = 50,
    ) -> TopicList:
        found = dictionaries.browse_topics(library, begins, after=after, limit=limit + 1)
        page = found[:limit]
        return TopicList(topics=page, next_after=page[-1].id if len(found) > limit else None)

    @get("/topics/{topic:int}", sync_to_thread=True, summary="A topic with what it cites")
    def topic(
        self,
        library: NamedDependency[Database],
        topic: FromPath[int],
        after: Annotated[int, QueryParameter(ge=0, le=MAX_AFTER, description="`next_after` of the page before.")] = 0,
        limit: Annotated[int, QueryParameter(ge=1, le=MAX_CITED)] = MAX_CITED,
    ) -> TopicPage:
        entry = dictionaries.topic(library, topic, after=after, limit=limit)
        return TopicPage(
            topic=entry.head,
            cites=[
                CitedView(
                    heading=each.heading,
                    reference=format_range(each.start, each.end),
                    osis=Reference(each.start, each.end).osis,
                )
                for each in entry.citations.items
            ],
            see_also=[SeeAlso(headword=word, id=found) for word, found in entry.see_also],
            next_after=entry.citations.next_after,
        )

    @get("/topics/citing", summary="The topics that cite a passage")
    async def citing(
        self,
        library: NamedDependency[Database],
        slow: NamedDependency[SlowRequests],
        ref: Annotated[str, QueryParameter(description="Such as John 3:16.")],
        after: Annotated[int, QueryParameter(ge=0, le=MAX_AFTER, description="`next_after` of the page before.")] = 0,
        limit: Annotated[int, QueryParameter(ge=1, le=MAX_CITED)] = MAX_CITED,
    ) -> CitingTopics:
        reference = parse_reference(ref)
        return await slow.run_when(reference.is_long, _citing, library, reference, after=after, limit=limit)

    @get("/lexicon/{strongs:str}/uses", sync_to_thread=True, summary="Every verse that uses a lemma")
    def uses(
        self,
        library: NamedDependency[Database],
        graph: NamedDependency[Graph],
        all_translations: NamedDependency[Translations],
        strongs: FromPath[str],
        translation: Annotated[str, QueryParameter(description="Id; empty for the default.")] = "",
        after: Annotated[int, QueryParameter(description="`next_after` of the page before.")] = 0,
        limit: Annotated[int, QueryParameter(ge=1, le=MAX_PAGE)] = 50,
    ) -> Uses:
        entry = dictionaries.lexicon_entry(library, strongs)
        shown = all_translations.choose(translation)
        found = uses_of(graph, entry.strongs, after=after, limit=limit + 1)
        texts = queries.texts(library, shown, [each.verse_id for each in found[:limit]])
        return Uses(
            strongs=entry.strongs,
            lemma=entry.lemma,
            translation=shown.id,
            verses=verses_in_all(graph, entry.strongs),
            uses=[
                UseView(
                    verse_id=each.verse_id,
                    osis=osis_of(each.verse_id),
                    count=each.count,
                    text=texts.get(each.verse_id, ""),
                    reference=format_verse(each.verse_id),
                )
                for each in found[:limit]
            ],
            next_after=found[limit - 1].verse_id if len(found) > limit else None,
        )


def _citing(library: Database, reference: Reference, *, after: int, limit: int) -> CitingTopics:
    found = dictionaries.citing_topics(library, reference, after=after, limit=limit)
    return CitingTopics(
        reference=str(reference),
        topics=[
            CitingTopic(
                topic=each.topic, heading=each.heading, reference=format_range(each.start, each.end), size=each.size
            )
            for each in found.items
        ],
        next_after=found.next_after,
    )
