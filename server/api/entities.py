"""People, places and events, and where they are mentioned."""

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
    """A page of people, places and events; `next_after` is given where there are more."""

    entities: list[EntityHead]
    next_after: str | None = None


class EntityPage(msgspec.Struct, frozen=True, kw_only=True):
    """A person, place or event; of an event, who takes part and where it happens. `next_after` is given where more verses mention it."""

    entity: EntityHead
    takes_part: list[EntityHead]
    mentions: list[VersePlace]
    next_after: int | None = None


class Mentioned(msgspec.Struct, frozen=True, kw_only=True):
    """A page of what a passage mentions; `next_after` is given where there are more."""

    reference: str
    entities: list[EntityHead]
    next_after: int | None = None


class EntitiesController(Controller):
    """People, places and events."""

    path = "/entities"
    tags = ("People and places",)
    opt = rule(Permission.READ)

    @get("/", sync_to_thread=True, summary="People, places and events, by their beginning")
    def browse(
        self,
        library: NamedDependency[Database],
        begins: Annotated[str, QueryParameter(description="How the name begins.")] = "",
        kind: FromQuery[EntityKind | None] = None,
        after: Annotated[str, QueryParameter(description="`next_after` of the page before.")] = "",
        limit: Annotated[int, QueryParameter(ge=1, le=MAX_PAGE)] = 50,
    ) -> EntityList:
        found = queries.browse_entities(library, begins, kind=kind.value if kind else "", after=after, limit=limit + 1)
        page = found[:limit]
        return EntityList(entities=page, next_after=page[-1].id if len(found) > limit else None)

    @get("/mentioned", summary="People, places and events that a passage mentions")
    async def mentioned(
        self,
        library: NamedDependency[Database],
        slow: NamedDependency[SlowRequests],
        ref: Annotated[str, QueryParameter(description="Such as Ruth 1.")],
        after: Annotated[int, QueryParameter(ge=0, le=MAX_AFTER, description="`next_after` of the page before.")] = 0,
        limit: Annotated[int, QueryParameter(ge=1, le=MAX_PAGE)] = MAX_PAGE,
    ) -> Mentioned:
        reference = parse_reference(ref)
        page = await slow.run_when(
            reference.is_long,
            queries.entities_in,
            library,
            reference,
            after=after,
            limit=limit,
        )
        return Mentioned(reference=str(reference), entities=page.items, next_after=page.next_after)

    @get("/{entity:str}", sync_to_thread=True, summary="A person, place or event")
    def entity(
        self,
        library: NamedDependency[Database],
        entity: FromPath[str],
        after: Annotated[int, QueryParameter(ge=0, le=MAX_AFTER, description="`next_after` of the page before.")] = 0,
        limit: Annotated[int, QueryParameter(ge=1, le=MAX_MENTIONS)] = MAX_MENTIONS,
    ) -> EntityPage:
        found = queries.entity(library, entity, after=after, limit=limit)
        return EntityPage(
            entity=found.head,
            takes_part=list(found.takes_part),
            mentions=[
                VersePlace(verse_id=verse, osis=osis_of(verse), reference=format_verse(verse))
                for verse in found.verse_ids.items
            ],
            next_after=found.verse_ids.next_after,
        )
