"""The pages of topics, original words, people and places."""

from typing import Annotated

from litestar import Controller, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter
from litestar.response import Redirect, Template

from appliance.community.accounts.permissions import Permission
from appliance.infrastructure.database import Database
from appliance.infrastructure.graph.interface import Graph, GraphDamaged, GraphMissing
from appliance.scripture.dictionaries import queries as dictionaries
from appliance.scripture.entities import queries as entity_queries
from appliance.scripture.graph.words import verse_count
from appliance.scripture.references import format_range, format_verse
from appliance.scripture.search.hits import Mode, Search
from appliance.scripture.search.service import Finder
from appliance.scripture.translations import queries
from appliance.scripture.translations.queries import Translations
from server.http.access import rule
from server.http.path_numbers import MAX_ID, MAX_ID_DIGITS
from server.http.rendering import read_address

PAGE_SIZE = 60
MAX_CITATIONS = 400
MAX_MENTIONS = 60


class TopicPagesController(Controller):
    include_in_schema = False
    opt = rule(Permission.READ)

    @get("/topics", sync_to_thread=True)
    def topics(
        self,
        library: NamedDependency[Database],
        prefix: FromQuery[str] = "",
        after: Annotated[int, QueryParameter(ge=0, le=MAX_ID)] = 0,
    ) -> Template:
        topics = dictionaries.browse_topics(library, prefix, after=after, limit=PAGE_SIZE + 1)
        entities = entity_queries.browse_entities(library, prefix, limit=PAGE_SIZE) if prefix else []
        return Template(
            "topics.html",
            context={
                "prefix": prefix,
                "topics": topics[:PAGE_SIZE],
                "more": topics[PAGE_SIZE - 1].id if len(topics) > PAGE_SIZE else None,
                "entities": entities,
            },
        )

    @get("/topic/{topic:str}", sync_to_thread=True)
    def topic(
        self, library: NamedDependency[Database], all_translations: NamedDependency[Translations], topic: FromPath[str]
    ) -> Template | Redirect:
        if not topic.isdecimal() or len(topic) > MAX_ID_DIGITS:
            # The path contains a headword, because related passages link to topics by headword.
            head = dictionaries.topic_named(library, topic)
            return Redirect(f"/topic/{head.id}", status_code=303)
        entry = dictionaries.topic(library, int(topic), limit=MAX_CITATIONS)
        current_translation = all_translations.choose()
        groups: dict[str, list[tuple[str, str]]] = {}
        for citation in entry.citations.items:
            address = read_address(current_translation.id, citation.start)
            groups.setdefault(citation.heading, []).append((format_range(citation.start, citation.end), address))
        return Template(
            "topic.html",
            context={"entry": entry, "groups": groups, "truncated": entry.citations.next_after is not None},
        )

    @get("/word/{strongs:str}", sync_to_thread=True)
    def word(
        self,
        library: NamedDependency[Database],
        finder: NamedDependency[Finder],
        graph: NamedDependency[Graph],
        all_translations: NamedDependency[Translations],
        strongs: FromPath[str],
        translation: FromQuery[str] = "",
        cursor: FromQuery[str] = "",
    ) -> Template:
        entry = dictionaries.lexicon_entry(library, strongs)
        current_translation = all_translations.choose(translation)
        results, notice, count = None, "", 0
        try:
            count = verse_count(graph, entry.strongs)
            results = finder.search(
                Search(
                    query=entry.strongs,
                    mode=Mode.STRONGS,
                    translation=current_translation,
                    limit=PAGE_SIZE,
                    cursor=cursor or None,
                )
            )
        except (GraphMissing, GraphDamaged) as error:
            notice = str(error)
        return Template(
            "word.html",
            context={
                "entry": entry,
                "translation": current_translation,
                "translations": queries.translations(library),
                "results": results,
                "notice": notice,
                "count": count,
            },
        )

    @get("/entity/{entity:str}", sync_to_thread=True)
    def entity(
        self, library: NamedDependency[Database], all_translations: NamedDependency[Translations], entity: FromPath[str]
    ) -> Template:
        entry = entity_queries.entity(library, entity, limit=MAX_MENTIONS)
        current_translation = all_translations.choose()
        first_verses = entry.verse_ids.items
        texts = queries.texts(library, current_translation, first_verses)
        mentions = [
            (format_verse(verse), read_address(current_translation.id, verse), texts[verse])
            for verse in first_verses
            if verse in texts
        ]
        return Template(
            "entity.html", context={"entry": entry, "mentions": mentions, "translation": current_translation}
        )
