"""The pages of people and classes, and their forms."""

import pytest
from fakes.accounts import NEW_PASSWORD, NOW, PASSWORD, join, open_class, sign_in
from fakes.html_page import Page, assert_redirected
from fakes.small_site import Caller, Site
from httpx import Response

from appliance.community.accounts import queries
from appliance.community.accounts.permissions import Role
from appliance.community.accounts.person import PersonNotFound, RoleInvalid
from server.pages.people import ClassPagesController, PeoplePagesController, role_named

ROUTES = [PeoplePagesController, ClassPagesController]


def administrator(site: Site) -> Caller:
    return site.browser(site.add_person("Anna", Role.ADMINISTRATOR))


def leader(site: Site) -> Caller:
    return site.browser(site.add_person("Lea", Role.LEADER))


@pytest.mark.parametrize("role", list(Role))
def test_a_role_is_chosen_by_its_name(role: Role) -> None:
    assert role is role_named(role.value)


@pytest.mark.parametrize("name", ["", "king", "Leader"])
def test_an_unknown_role_is_refused(name: str) -> None:
    with pytest.raises(RoleInvalid, match="Choose a role from the list"):
        role_named(name)


def test_the_page_lists_people_with_username_and_role(site: Site) -> None:
    ben, browser = site.add_person(), administrator(site)
    page = Page(browser.open("/people"))

    assert "Anna username anna" in page.text
    assert "Ben username ben" in page.text
    assert ["administrator", "member"] == page.selected("role")
    assert {f"/people/{ben.id}/role", f"/people/{ben.id}/password"} <= page.forms
    assert f"/people/{ben.id}/remove" == page.links["Remove Ben …"]


def test_people_with_a_class_code_have_no_password_to_reset(site: Site) -> None:
    opened = open_class(site.database, site.add_person("Lea", Role.LEADER), "Sunday evening")
    cleo = join(site.database, opened.code, "Cleo").person
    page = Page(administrator(site).open("/people"))

    assert "Cleo joined with the code of Sunday evening" in page.text
    assert f"/people/{cleo.id}/password" not in page.forms


def test_the_page_explains_who_may_do_what(site: Site) -> None:
    text = Page(administrator(site).open("/people")).text

    assert "Read and search; see topics, words and background jobs everyone" in text
    assert "Open and close classes; make announcements leaders and above" in text
    assert "translations, jobs, queues and settings administrators" in text


def add(browser: Caller, **fields: str) -> Response:
    return browser.submit("/people", **{"name": "Dora Lamp", "password": PASSWORD, "role": "member", **fields})


def test_an_added_person_signs_in_with_name_or_username(site: Site) -> None:
    browser = administrator(site)

    assert_redirected(add(browser), "/people")
    assert_redirected(add(browser, name="Eva", login="eva.l", role="leader"), "/people")
    assert "Dora Lamp" == sign_in(site.database, "dora lamp").person.name
    assert Role.LEADER is sign_in(site.database, "eva.l").person.role


@pytest.mark.parametrize(
    ("fields", "status", "problem"),
    [
        ({"name": ""}, 400, "A name must have 1 to 60 characters."),
        ({"name": "Anna"}, 409, "The name Anna is already taken."),
        ({"password": "short"}, 400, "fewer than 8 characters"),
        ({"role": "king"}, 400, "There is no role 'king'. Choose a role from the list."),
        ({"role": "guest"}, 400, "An account cannot have the role guest."),
    ],
)
def test_a_refused_person_shows_the_form_again(site: Site, fields: dict[str, str], status: int, problem: str) -> None:
    page = Page(add(administrator(site), login="dora", **fields), status)

    assert problem in page.problem
    assert ([fields.get("name", "Dora Lamp")], ["dora"]) == (page.values("name"), page.values("login"))
    assert PASSWORD not in page.text


def test_a_changed_role_is_selected(site: Site) -> None:
    ben, browser = site.add_person(), administrator(site)

    assert_redirected(browser.submit(f"/people/{ben.id}/role", role="leader"), "/people")
    assert ["administrator", "leader"] == Page(browser.open("/people")).selected("role")


@pytest.mark.parametrize(
    ("role", "status", "problem"),
    [("king", 400, "There is no role"), ("member", 409, "Anna is the only administrator.")],
)
def test_a_refused_role_shows_the_page_again(site: Site, role: str, status: int, problem: str) -> None:
    anna = site.add_person("Anna", Role.ADMINISTRATOR)
    page = Page(site.browser(anna).submit(f"/people/{anna.id}/role", role=role), status)

    assert problem in page.problem
    assert ["administrator"] == page.selected("role")


def test_a_reset_password_signs_the_person_out(site: Site) -> None:
    ben = site.add_person("Ben", Role.LEADER)
    bens_browser, browser = site.browser(ben), administrator(site)

    assert_redirected(browser.submit(f"/people/{ben.id}/password", password=NEW_PASSWORD), "/people")
    assert_redirected(bens_browser.open("/classes"), "/sign-in?next_page=/classes")
    assert ben == sign_in(site.database, "ben", NEW_PASSWORD).person


def test_a_refused_password_shows_the_page_again(site: Site) -> None:
    ben = site.add_person()
    page = Page(administrator(site).submit(f"/people/{ben.id}/password", password="short"), 400)

    assert "fewer than 8 characters" in page.problem
    assert ben == sign_in(site.database, "ben").person


def test_removing_a_person_is_confirmed_first(site: Site) -> None:
    ben, browser = site.add_person(), administrator(site)
    page = Page(browser.open(f"/people/{ben.id}/remove"))

    assert ("Remove Ben?", "/people") == (page.title, page.links["Cancel"])
    assert "Their questions and answers will be deleted" in page.text
    assert ben == queries.person(site.database, ben.id)
    assert_redirected(browser.submit(f"/people/{ben.id}/remove"), "/people")
    with pytest.raises(PersonNotFound):
        queries.person(site.database, ben.id)


def test_the_only_administrator_cannot_be_removed(site: Site) -> None:
    anna = site.add_person("Anna", Role.ADMINISTRATOR)

    assert (
        "Anna is the only administrator." in Page(site.browser(anna).submit(f"/people/{anna.id}/remove"), 409).problem
    )


@pytest.mark.parametrize("action", ["role", "password", "remove"])
def test_an_unknown_person_is_not_found(site: Site, action: str) -> None:
    browser = administrator(site)

    assert "There is no person 7777." in Page(browser.submit(f"/people/7777/{action}", role="member"), 404).text


def test_guests_may_read_until_the_box_is_cleared(site: Site) -> None:
    browser = administrator(site)
    before = Page(browser.open("/people")).checked("/people/guests")

    assert_redirected(browser.submit("/people/guests"), "/people")
    assert (True, False) == (before, queries.guests_may_read(site.database))
    assert not Page(browser.open("/people")).checked("/people/guests")
    assert_redirected(browser.submit("/people/guests", allowed="on"), "/people")
    assert queries.guests_may_read(site.database)


def test_only_administrators_see_the_people(site: Site) -> None:
    assert "The role leader does not allow this." in Page(leader(site).open("/people"), 403).text
    assert_redirected(site.guest.open("/people"), "/sign-in?next_page=/people")


def test_a_page_without_classes_says_so(site: Site) -> None:
    page = Page(leader(site).open("/classes"))

    assert "No open classes." in page.text
    assert "Past classes" not in page.text


def test_an_open_class_shows_its_code_and_a_link_to_join(site: Site) -> None:
    browser = leader(site)
    assert_redirected(browser.submit("/classes", name="Sunday evening", hours="2"), "/classes")
    (opened,) = queries.class_codes(site.database)
    page = Page(browser.open("/classes"))

    assert f"{opened.code[:3]}-{opened.code[3:]} Sunday evening 0 joined" in page.text
    assert f"/join?code={opened.code}" == page.links["Joining link"]
    assert NOW + 2 * 3_600 == opened.expires_at


@pytest.mark.parametrize("hours", ["", "soon", "-2", "1.5"])
def test_a_class_without_hours_is_open_for_twelve(site: Site, hours: str) -> None:
    leader(site).submit("/classes", name="Sunday", hours=hours)
    (opened,) = queries.class_codes(site.database)

    assert NOW + 12 * 3_600 == opened.expires_at


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"name": ""}, "A class name must have 1 to 60 characters."),
        ({"name": "Sunday", "hours": "0"}, "A class can be open for at most 120 days."),
        ({"name": "Sunday", "hours": "9" * 12}, "A class can be open for at most 120 days."),
    ],
)
def test_a_refused_class_shows_the_page_again(site: Site, fields: dict[str, str], problem: str) -> None:
    page = Page(leader(site).submit("/classes", **fields), 400)

    assert ("Classes", True) == (page.title, problem in page.problem)
    assert [] == queries.class_codes(site.database)


def test_a_closed_class_is_a_past_class(site: Site) -> None:
    browser = leader(site)
    browser.submit("/classes", name="Sunday")
    (opened,) = queries.class_codes(site.database)

    assert_redirected(browser.submit(f"/classes/{opened.id}/close"), "/classes")
    page = Page(browser.open("/classes"))
    assert "No open classes." in page.text
    assert "Past classes Sunday 0 joined" in page.text


def test_a_class_ends_by_itself(site: Site) -> None:
    browser = leader(site)
    browser.submit("/classes", name="Sunday", hours="2")
    site.clock.advance(2 * 3_600)

    assert "No open classes." in Page(browser.open("/classes")).text


def test_closing_a_class_signs_its_people_out_on_request(site: Site) -> None:
    lea = site.add_person("Lea", Role.LEADER)
    opened = open_class(site.database, lea)
    cleo = join(site.database, opened.code, "Cleo").token
    site.browser(lea).submit(f"/classes/{opened.id}/close", sign_out="on")

    assert queries.identify_session(site.database, cleo, now=NOW).person is None


def test_a_leader_cannot_close_the_class_of_another(site: Site) -> None:
    opened = open_class(site.database, site.add_person("Max", Role.LEADER))

    assert "Another leader opened this class." in Page(leader(site).submit(f"/classes/{opened.id}/close"), 403).text


def test_members_have_no_page_of_classes(site: Site) -> None:
    browser = site.browser(site.add_person())

    assert "The role member does not allow this." in Page(browser.open("/classes"), 403).text
    assert "The role member does not allow this." in Page(browser.submit("/classes", name="Sunday"), 403).text
