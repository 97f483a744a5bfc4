"""Pages of what lies behind the texts: topics, words of the original, people and places."""

from typing import Annotated

from litestar import Controller, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter
from litestar.response import Redirect, Template

from appliance.community.accounts.permissions import Permission
from appliance.infrastructure.database import Database
from appliance.infrastructure.graph.asking import Graph, GraphDamaged, GraphMissing
from appliance.scripture.dictionaries import queries as dictionaries
from appliance.scripture.entities import queries as companions
from appliance.scripture.graph.words import verses_in_all
from appliance.scripture.references import format_range, format_verse
from appliance.scripture.search.hits import Mode, Search
from appliance.scripture.search.service import Finder
from appliance.scripture.translations import queries
from appliance.scripture.translations.queries import Translations
from server.http.access import rule
from server.http.path_numbers import MAX_ID, MAX_ID_DIGITS
from server.http.rendering import read_address

PAGE = 60
CITED = 400
MENTIONED = 60


class TopicPagesController(Controller):
    include_in_schema = False
    opt = rule(Permission.READ)

    @get("/topics", sync_to_thread=True)
    def topics(
        self,
        library: NamedDependency[Database],
        begins: FromQuery[str] = "",
        after: Annotated[int, QueryParameter(ge=0, le=MAX_ID)] = 0,
    ) -> Template:
        found = dictionaries.browse_topics(library, begins, after=after, limit=PAGE + 1)
        entities = companions.browse_entities(library, begins, limit=PAGE) if begins else []
        return Template(
            "topics.html",
            context={
                "begins": begins,
                "topics": found[:PAGE],
                "more": found[PAGE - 1].id if len(found) > PAGE else None,
                "entities": entities,
            },
        )

    @get("/topic/{topic:str}", sync_to_thread=True)
    def topic(
        self, library: NamedDependency[Database], all_translations: NamedDependency[Translations], topic: FromPath[str]
    ) -> Template | Redirect:
        if not topic.isdecimal() or len(topic) > MAX_ID_DIGITS:
            # A headword, as related passages name their topics.
            found = dictionaries.topic_named(library, topic)
            return Redirect(f"/topic/{found.id}", status_code=303)
        entry = dictionaries.topic(library, int(topic), limit=CITED)
        shown = all_translations.choose()
        groups: dict[str, list[tuple[str, str]]] = {}
        for each in entry.citations.items:
            place = (format_range(each.start, each.end), read_address(shown.id, each.start))
            groups.setdefault(each.heading, []).append(place)
        return Template(
            "topic.html", context={"entry": entry, "groups": groups, "cut": entry.citations.next_after is not None}
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
        shown = all_translations.choose(translation)
        results, notice, count = None, "", 0
        try:
            count = verses_in_all(graph, entry.strongs)
            results = finder.search(
                Search(query=entry.strongs, mode=Mode.STRONGS, translation=shown, limit=PAGE, cursor=cursor or None)
            )
        except (GraphMissing, GraphDamaged) as error:
            notice = str(error)
        return Template(
            "word.html",
            context={
                "entry": entry,
                "translation": shown,
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
        found = companions.entity(library, entity, limit=MENTIONED)
        shown = all_translations.choose()
        first = found.verse_ids.items
        texts = queries.texts(library, shown, first)
        mentions = [
            (format_verse(verse), read_address(shown.id, verse), texts[verse]) for verse in first if verse in texts
        ]
        return Template("entity.html", context={"entry": found, "mentions": mentions, "translation": shown})
