"""Topics of topical dictionaries, and the verses that use a word of the original languages."""

from typing import Annotated

import msgspec
from litestar import Controller, get
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter

from appliance.community.accounts.permissions import Permission
from appliance.infrastructure.database import Database
from appliance.infrastructure.graph.interface import Graph
from appliance.scripture.canon import osis_of
from appliance.scripture.dictionaries import queries as dictionaries
from appliance.scripture.dictionaries.topics import TopicHead
from appliance.scripture.graph.words import uses_of, verse_count
from appliance.scripture.paging import MAX_AFTER
from appliance.scripture.references import Reference, VersePlace, format_range, format_verse, parse_reference
from appliance.scripture.translations import queries
from appliance.scripture.translations.queries import Translations
from server.http.access import rule
from server.http.limits import SlowRequests
from server.http.path_numbers import MAX_ID

MAX_PAGE, MAX_CITED = 200, 500


class TopicList(msgspec.Struct, frozen=True, kw_only=True):
    """A page of topics; `next_after` is set when there are more."""

    topics: list[TopicHead]
    next_after: int | None = None


class CitedView(msgspec.Struct, frozen=True, kw_only=True):
    heading: str
    reference: str
    osis: str


class SeeAlso(msgspec.Struct, frozen=True, kw_only=True):
    """A headword that a topic refers to; `id` is null if the dictionary has no topic with this headword."""

    headword: str
    id: int | None


class TopicPage(msgspec.Struct, frozen=True, kw_only=True):
    """A topic with a page of its citations; `next_after` is set when there are more citations."""

    topic: TopicHead
    cites: list[CitedView]
    see_also: list[SeeAlso]
    next_after: int | None = None


class CitingTopic(msgspec.Struct, frozen=True, kw_only=True):
    """A topic that cites a verse, and the heading of the citation; `size` is the topic's number of citations."""

    topic: str
    heading: str
    reference: str
    size: int


class CitingTopics(msgspec.Struct, frozen=True, kw_only=True):
    """A page of topics, the smallest first; `next_after` is set when there are more."""

    reference: str
    topics: list[CitingTopic]
    next_after: int | None = None


class UseView(VersePlace, frozen=True, kw_only=True):
    """A verse that uses a word; `count` says how often."""

    text: str
    count: int


class Uses(msgspec.Struct, frozen=True, kw_only=True):
    """Verses that use a lemma, in canonical order; `next_after` is set when there are more."""

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

    @get("/topics", sync_to_thread=True, summary="Topics, found by the start of their headwords")
    def browse(
        self,
        library: NamedDependency[Database],
        prefix: Annotated[str, QueryParameter(description="The start of the headword.")] = "",
        after: Annotated[int, QueryParameter(ge=0, le=MAX_ID, description="`next_after` of the previous page.")] = 0,
        limit: Annotated[int, QueryParameter(ge=1, le=MAX_PAGE)] = 50,
    ) -> TopicList:
        topics = dictionaries.browse_topics(library, prefix, after=after, limit=limit + 1)
        page = topics[:limit]
        return TopicList(topics=page, next_after=page[-1].id if len(topics) > limit else None)

    @get("/topics/{topic:int}", sync_to_thread=True, summary="A topic with its citations")
    def topic(
        self,
        library: NamedDependency[Database],
        topic: FromPath[int],
        after: Annotated[int, QueryParameter(ge=0, le=MAX_AFTER, description="`next_after` of the previous page.")] = 0,
        limit: Annotated[int, QueryParameter(ge=1, le=MAX_CITED)] = MAX_CITED,
    ) -> TopicPage:
        entry = dictionaries.topic(library, topic, after=after, limit=limit)
        return TopicPage(
            topic=entry.head,
            cites=[
                CitedView(
                    heading=citation.heading,
                    reference=format_range(citation.start, citation.end),
                    osis=Reference(citation.start, citation.end).osis,
                )
                for citation in entry.citations.items
            ],
            see_also=[SeeAlso(headword=headword, id=topic_id) for headword, topic_id in entry.see_also],
            next_after=entry.citations.next_after,
        )

    @get("/topics/citing", summary="Topics that cite a passage")
    async def citing(
        self,
        library: NamedDependency[Database],
        slow: NamedDependency[SlowRequests],
        ref: Annotated[str, QueryParameter(description="A reference, such as John 3:16.")],
        after: Annotated[int, QueryParameter(ge=0, le=MAX_AFTER, description="`next_after` of the previous page.")] = 0,
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
        translation: Annotated[str, QueryParameter(description="Id of a translation; empty for the default.")] = "",
        after: Annotated[int, QueryParameter(description="`next_after` of the previous page.")] = 0,
        limit: Annotated[int, QueryParameter(ge=1, le=MAX_PAGE)] = 50,
    ) -> Uses:
        entry = dictionaries.lexicon_entry(library, strongs)
        chosen_translation = all_translations.choose(translation)
        uses = uses_of(graph, entry.strongs, after=after, limit=limit + 1)
        page = uses[:limit]
        texts = queries.texts(library, chosen_translation, [use.verse_id for use in page])
        return Uses(
            strongs=entry.strongs,
            lemma=entry.lemma,
            translation=chosen_translation.id,
            verses=verse_count(graph, entry.strongs),
            uses=[
                UseView(
                    verse_id=use.verse_id,
                    osis=osis_of(use.verse_id),
                    count=use.count,
                    text=texts.get(use.verse_id, ""),
                    reference=format_verse(use.verse_id),
                )
                for use in page
            ],
            next_after=page[-1].verse_id if len(uses) > limit else None,
        )


def _citing(library: Database, reference: Reference, *, after: int, limit: int) -> CitingTopics:
    page = dictionaries.citing_topics(library, reference, after=after, limit=limit)
    return CitingTopics(
        reference=str(reference),
        topics=[
            CitingTopic(
                topic=citing.topic,
                heading=citing.heading,
                reference=format_range(citing.start, citing.end),
                size=citing.size,
            )
            for citing in page.items
        ],
        next_after=page.next_after,
    )
