"""People, places and events as JSON."""

import pytest
from fakes.small_site import Site, api_routes, assert_refused, read

from server.api.entities import EntitiesController, EntityList, EntityPage, MentionedEntities

ROUTES = [api_routes(EntitiesController)]
ENTITIES = "/api/v1/entities"


def ids(site: Site, **query: str | int) -> list[str]:
    return [entity.id for entity in read(site.guest.get(ENTITIES, **query), EntityList).entities]


def test_all_people_places_and_events_are_sorted_by_name(site: Site) -> None:
    assert ["hill_1", "lighting_1", "miriam_1"] == ids(site)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"prefix": "mi"}, ["miriam_1"]),
        ({"prefix": "%"}, []),
        ({"kind": "place"}, ["hill_1"]),
        ({"kind": "event", "prefix": "M"}, []),
    ],
)
def test_a_list_is_narrowed_by_the_start_of_the_name_and_the_kind(
    site: Site, query: dict[str, str], expected: list[str]
) -> None:
    assert expected == ids(site, **query)


def test_a_page_continues_after_the_last_entity(site: Site) -> None:
    first = read(site.guest.get(ENTITIES, limit=2), EntityList)
    last = read(site.guest.get(ENTITIES, limit=2, after=str(first.next_after)), EntityList)

    assert "lighting_1" == first.next_after
    assert (["miriam_1"], None) == ([entity.id for entity in last.entities], last.next_after)


def test_an_empty_library_has_no_entities(empty_site: Site) -> None:
    assert EntityList(entities=[], next_after=None) == read(empty_site.guest.get(ENTITIES), EntityList)


@pytest.mark.parametrize("query", [{"limit": 0}, {"limit": 201}, {"limit": "all"}, {"kind": "angel"}])
def test_a_wrong_limit_or_kind_is_named(site: Site, query: dict[str, str | int]) -> None:
    assert_refused(site.guest.get(ENTITIES, **query), 400, next(iter(query)))


def test_an_event_has_its_people_and_places(site: Site) -> None:
    page = read(site.guest.get(f"{ENTITIES}/lighting_1"), EntityPage)

    assert ["Miriam", "Hill"] == [participant.name for participant in page.participants]
    assert ["Genesis 1:1"] == [mention.reference for mention in page.mentions]


def test_the_verses_that_mention_a_person_come_in_pages(site: Site) -> None:
    first = read(site.guest.get(f"{ENTITIES}/miriam_1", limit=2), EntityPage)
    last = read(site.guest.get(f"{ENTITIES}/miriam_1", limit=2, after=int(first.next_after or 0)), EntityPage)

    assert ("Miriam", -1500, ("Mary",)) == (first.entity.name, first.entity.year, first.entity.aliases)
    assert ["Gen.1.1", "Gen.1.2"] == [mention.osis for mention in first.mentions]
    assert (["Gen.2.1"], None) == ([mention.osis for mention in last.mentions], last.next_after)


def test_an_unknown_entity_is_not_found(site: Site) -> None:
    assert_refused(site.guest.get(f"{ENTITIES}/moses_1"), 404, "There is no person, place or event 'moses_1'.")


def test_a_passage_lists_the_entities_that_it_mentions(site: Site) -> None:
    mentioned = read(site.guest.get(f"{ENTITIES}/mentioned", ref="gen 1:2-2:1"), MentionedEntities)

    assert ("Genesis 1:2–2:1", ["miriam_1"]) == (mentioned.reference, [entity.id for entity in mentioned.entities])


def test_a_whole_book_is_searched_too(site: Site) -> None:
    first = read(site.guest.get(f"{ENTITIES}/mentioned", ref="Genesis 1-50", limit=1), MentionedEntities)
    last = read(
        site.guest.get(f"{ENTITIES}/mentioned", ref="Genesis 1-50", limit=5, after=int(first.next_after or 0)),
        MentionedEntities,
    )

    assert ["lighting_1"] == [entity.id for entity in first.entities]
    assert (["miriam_1", "hill_1"], None) == ([entity.id for entity in last.entities], last.next_after)


@pytest.mark.parametrize(
    ("query", "status", "part"),
    [
        ({}, 400, "ref"),
        ({"ref": "Lamps 1"}, 404, "No book is called “Lamps”."),
        ({"ref": "Gen 1", "after": -1}, 400, "after"),
        ({"ref": "Gen 1", "limit": 201}, 400, "limit"),
    ],
)
def test_a_passage_must_exist(site: Site, query: dict[str, str | int], status: int, part: str) -> None:
    assert_refused(site.guest.get(f"{ENTITIES}/mentioned", **query), status, part)


def test_guests_of_a_closed_site_must_sign_in(site: Site) -> None:
    site.close_to_guests()

    assert_refused(site.guest.get(ENTITIES), 401, "Sign in to continue.")
    assert 200 == site.member().get(ENTITIES).status_code
