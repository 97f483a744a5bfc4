"""The state of the appliance, for monitoring."""

from pathlib import Path

from fakes.small_site import Site, api_routes, read, running_site

from appliance import __version__
from appliance.scripture.search.index import IndexState
from server.api.health import Health, HealthController

ROUTES = [api_routes(HealthController)]


def health(site: Site) -> Health:
    return read(site.guest.get("/api/v1/health"), Health)


def test_a_library_with_a_complete_index_is_ok(site: Site) -> None:
    index = IndexState(translation="Invented", model="all-MiniLM-L6-v2", embedded=31, total=31)

    assert Health(status="ok", version=__version__, translations=2, index=index) == health(site)


def test_an_empty_library_is_still_being_prepared(empty_site: Site) -> None:
    index = IndexState(translation=None, model=None, embedded=0, total=0)

    assert Health(status="preparing", version=__version__, translations=0, index=index) == health(empty_site)


def test_an_index_of_another_embedding_model_does_not_count(copied_home: Path) -> None:
    with running_site(copied_home, ROUTES, embedding_model="another") as site:
        state = health(site)

    assert ("preparing", 0, 31) == (state.status, state.index.embedded, state.index.total)


def test_the_state_is_open_to_everybody_also_on_a_closed_site(site: Site) -> None:
    site.close_to_guests()

    assert "ok" == health(site).status
