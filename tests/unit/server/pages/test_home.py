"""The home page, the page of sources and licences, and the error page."""

from pathlib import Path

import pytest
from fakes.html_page import Page
from fakes.small_site import Site, assert_refused, running_site

from appliance.community.accounts.permissions import Role
from models.catalogue.cached_reads import CachedReads
from models.catalogue.model import Model, ModelRole
from models.catalogue.registry import Registry
from server.http.problems import Problem
from server.pages.home import HomePagesController, problem_page

ROUTES = [HomePagesController]


def test_the_home_page_links_to_each_translation(site: Site) -> None:
    page = Page(site.guest.open("/"))

    assert "/read?translation=Invented" == page.links["Invented Invented 31 verses"]
    assert "/read?translation=Second" == page.links["Second Second by hand 3 verses"]
    assert "Search by meaning uses Invented." in page.text


def test_an_empty_library_says_how_to_add_a_translation(empty_site: Site) -> None:
    page = Page(empty_site.guest.open("/"))

    assert ["No translation yet"] == page.sections[-1:]
    assert "run lampstand library import FILE on this server" in page.text


def test_before_the_set_up_the_page_links_to_it(site: Site) -> None:
    before = Page(site.guest.open("/"))
    site.add_person("Anna", Role.ADMINISTRATOR)

    assert ("Welcome", "/setup") == (before.sections[0], before.links["Set up Lampstand"])
    assert ["Translations"] == Page(site.guest.open("/")).sections


def test_an_incomplete_index_shows_its_progress(copied_home: Path) -> None:
    with running_site(copied_home, ROUTES, embedding_model="another") as site:
        page = Page(site.guest.open("/"))

    assert "You can read and search by words now. Search by meaning is 0% ready." in page.text


def test_only_administrators_see_a_warning_about_exposed_keys(new_home: Path) -> None:
    with running_site(new_home, ROUTES) as site:
        tls = site.appliance.folder.tls
        tls.mkdir()
        (tls / "authority.crt").write_text("from an earlier version")
        pages = [Page(caller.open("/")) for caller in (site.administrator(), site.leader(), site.guest)]

    assert [True, False, False] == ["lampstand tls renew --new-authority" in page.text for page in pages]


@pytest.mark.parametrize(
    ("role", "links"),
    [
        (Role.MEMBER, set[str]()),
        (Role.LEADER, {"/classes"}),
        (Role.ADMINISTRATOR, {"/classes", "/people", "/storage"}),
    ],
)
def test_the_menu_has_the_pages_of_the_role(site: Site, role: Role, links: set[str]) -> None:
    menu = Page(site.browser(site.add_person(role=role)).open("/")).menu

    assert links == menu & {"/classes", "/people", "/storage"}
    assert {"/inbox", "/account"} <= menu
    assert "/sign-in" not in menu


def test_the_menu_of_a_guest_leads_to_the_sign_in_page(site: Site) -> None:
    menu = Page(site.guest.open("/")).menu

    assert "/sign-in" in menu
    assert menu.isdisjoint({"/inbox", "/account", "/people"})


def test_guests_of_a_closed_site_are_sent_to_the_sign_in_page(site: Site) -> None:
    site.close_to_guests()
    response = site.guest.open("/")

    assert (303, "/sign-in?next_page=/") == (response.status_code, response.headers["location"])
    assert 200 == site.guest.open("/about").status_code


def test_the_page_of_sources_names_the_licence_of_each_item(site: Site) -> None:
    page = Page(site.guest.open("/about"))

    assert "Invented (Invented) 31 verses · versification KJV" in page.text
    assert "Second by hand (Second) 3 verses · versification KJV · a test Licence: Public Domain By hand." in page.text
    assert "InventedTopics by hand 2 entries Licence: Public Domain" in page.text
    assert "Links by hand 1 cross references" in page.text
    assert "Notes by hand 1 comments" in page.text


def test_an_empty_library_has_no_sources(empty_site: Site) -> None:
    text = Page(empty_site.guest.open("/about")).text

    assert all(part in text for part in ("No translation yet.", "No dictionary yet.", "No data set or commentary yet."))


def test_the_page_of_sources_names_role_and_backend_of_each_model(new_home: Path) -> None:
    with running_site(new_home, ROUTES) as site:
        add_model(site, "tiny")
        text = Page(site.guest.open("/about")).text

    assert "tiny chat · llama_cpp Licence: MIT From a friend." in text


def add_model(site: Site, name: str) -> None:
    models = site.appliance.folder.models
    file = models / f"{name}.gguf"
    file.write_bytes(b"weights")
    model = Model(
        id=name,
        role=ModelRole.CHAT,
        backend="llama_cpp",
        path=str(file),
        size=7,
        sha256="",
        licence="MIT",
        source="From a friend.",
        added_at=1,
    )
    Registry(models, CachedReads()).add(model)


def test_browsers_find_the_icon(site: Site) -> None:
    assert "/static/lamp.svg" == site.guest.get("/favicon.ico").headers["location"]


def test_the_error_page_has_the_status_of_the_problem() -> None:
    problem = Problem(title="Not found", status=404, detail="There is no job 7.")
    page = problem_page(problem)

    assert (404, {"problem": problem}) == (page.status_code, getattr(page, "context", None))


def test_an_unknown_page_is_an_error_page_with_a_link_home(site: Site) -> None:
    page = Page(site.guest.open("/nowhere"), 404)

    assert ("Not Found", "/") == (page.title, page.links["Home"])
    assert "There is no page at this address." in page.text
    assert_refused(site.guest.get("/nowhere"), 404, "There is no page at this address.")
