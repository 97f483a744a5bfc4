"""People, places and events of the Bible, and the verses that mention them."""

from typing import Annotated

import msgspec
from litestar import Controller, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter

from appliance.community.accounts.permissions import Permission
from appliance.infrastructure.database import Database
from appliance.scripture.canon import osis_of
from appliance.scripture.entities import queries
from appliance.scripture.entities.entity import EntityHead, EntityKind
from appliance.scripture.paging import MAX_AFTER
from appliance.scripture.references import VersePlace, format_verse, parse_reference
from server.http.access import rule
from server.http.limits import SlowRequests

MAX_PAGE, MAX_MENTIONS = 200, 500


class EntityList(msgspec.Struct, frozen=True, kw_only=True):
    """A page of people, places and events; `next_after` is set when there are more."""

    entities: list[EntityHead]
    next_after: str | None = None


class EntityPage(msgspec.Struct, frozen=True, kw_only=True):
    """A person, place or event, and the verses that mention it. For an event, also its people and places.

    `next_after` is set when there are more verses.
    """

    entity: EntityHead
    participants: list[EntityHead]
    mentions: list[VersePlace]
    next_after: int | None = None


class MentionedEntities(msgspec.Struct, frozen=True, kw_only=True):
    """A page of the people, places and events in a passage; `next_after` is set when there are more."""

    reference: str
    entities: list[EntityHead]
    next_after: int | None = None


class EntitiesController(Controller):
    """People, places and events."""

    path = "/entities"
    tags = ("People and places",)
    opt = rule(Permission.READ)

    @get("/", sync_to_thread=True, summary="People, places and events, found by the start of their names")
    def browse(
        self,
        library: NamedDependency[Database],
        prefix: Annotated[str, QueryParameter(description="The start of the name.")] = "",
        kind: FromQuery[EntityKind | None] = None,
        after: Annotated[str, QueryParameter(description="`next_after` of the previous page.")] = "",
        limit: Annotated[int, QueryParameter(ge=1, le=MAX_PAGE)] = 50,
    ) -> EntityList:
        entities = queries.browse_entities(
            library, prefix, kind=kind.value if kind else "", after=after, limit=limit + 1
        )
        page = entities[:limit]
        return EntityList(entities=page, next_after=page[-1].id if len(entities) > limit else None)

    @get("/mentioned", summary="People, places and events that a passage mentions")
    async def mentioned(
        self,
        library: NamedDependency[Database],
        slow: NamedDependency[SlowRequests],
        ref: Annotated[str, QueryParameter(description="A reference, such as Ruth 1.")],
        after: Annotated[int, QueryParameter(ge=0, le=MAX_AFTER, description="`next_after` of the previous page.")] = 0,
        limit: Annotated[int, QueryParameter(ge=1, le=MAX_PAGE)] = MAX_PAGE,
    ) -> MentionedEntities:
        reference = parse_reference(ref)
        page = await slow.run_when(
            reference.is_long,
            queries.entities_in,
            library,
            reference,
            after=after,
            limit=limit,
        )
        return MentionedEntities(reference=str(reference), entities=page.items, next_after=page.next_after)

    @get("/{entity:str}", sync_to_thread=True, summary="A person, place or event")
    def entity(
        self,
        library: NamedDependency[Database],
        entity: FromPath[str],
        after: Annotated[int, QueryParameter(ge=0, le=MAX_AFTER, description="`next_after` of the previous page.")] = 0,
        limit: Annotated[int, QueryParameter(ge=1, le=MAX_MENTIONS)] = MAX_MENTIONS,
    ) -> EntityPage:
        entity_page = queries.entity(library, entity, after=after, limit=limit)
        return EntityPage(
            entity=entity_page.head,
            participants=list(entity_page.participants),
            mentions=[
                VersePlace(verse_id=verse, osis=osis_of(verse), reference=format_verse(verse))
                for verse in entity_page.verse_ids.items
            ],
            next_after=entity_page.verse_ids.next_after,
        )
