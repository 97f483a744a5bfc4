"""The pages for sign-in, set-up, joining a class and the user's account. Their forms work without JavaScript."""

import pytest
from fakes.accounts import NEW_PASSWORD, NOW, PASSWORD, join, open_class, sign_in
from fakes.html_page import Page, assert_redirected
from fakes.small_site import Caller, Site, assert_refused
from httpx import Response

from appliance.community.accounts import queries
from appliance.community.accounts.operations import class_codes, site_setup
from appliance.community.accounts.permissions import Permission, Role
from appliance.community.accounts.person import Person
from server.http.access import COOKIE_TLS
from server.pages.account import AccountPagesController, EntryPagesController

ROUTES = [EntryPagesController, AccountPagesController]


def identity(site: Site, response: Response) -> Person | None:
    """The person that the cookie of a response signs in."""
    return queries.identify_session(site.database, response.cookies[COOKIE_TLS], now=NOW).person


def test_before_the_set_up_people_are_sent_to_the_set_up_page(site: Site) -> None:
    assert_redirected(site.guest.open("/sign-in"), "/setup")
    assert "Set up Lampstand" == Page(site.guest.open("/setup")).title


def test_after_the_set_up_people_are_sent_to_the_sign_in_page(site: Site) -> None:
    site.add_person("Anna", Role.ADMINISTRATOR)

    assert_redirected(site.guest.open("/setup"), "/sign-in")
    assert "Sign in" == Page(site.guest.open("/sign-in")).title


def test_the_sign_in_page_remembers_a_page_of_this_site_only(site: Site) -> None:
    site.add_person("Anna", Role.ADMINISTRATOR)

    assert ["/inbox"] == Page(site.guest.open("/sign-in", next_page="/inbox")).values("next_page")
    assert ["/"] == Page(site.guest.open("/sign-in", next_page="https://elsewhere.example")).values("next_page")


def test_signing_in_opens_the_remembered_page(site: Site) -> None:
    ben = site.add_person()
    response = site.guest.submit("/sign-in", name="Ben", password=PASSWORD, next_page="/inbox")

    assert_redirected(response, "/inbox")
    assert ben == identity(site, response)


def test_signing_in_again_ends_the_older_session_of_the_browser(site: Site) -> None:
    ben = site.add_person()
    browser = site.browser(ben)
    response = browser.submit("/sign-in", name="Ben", password=PASSWORD)

    assert_redirected(browser.open("/account"), "/sign-in?next_page=/account")
    assert ben == identity(site, response)


def test_a_wrong_password_shows_the_form_again_with_the_name(site: Site) -> None:
    site.add_person()
    response = site.guest.submit("/sign-in", name="Ben", password="guess", next_page="/inbox")
    page = Page(response, 401)

    assert "Wrong name or password. An administrator can reset the password." == page.problem
    assert (["Ben"], ["/inbox"], [""]) == (page.values("name"), page.values("next_page"), page.values("password"))
    assert COOKIE_TLS not in response.cookies


def test_an_empty_form_is_a_wrong_password(site: Site) -> None:
    assert "Wrong name or password." in Page(site.guest.submit("/sign-in"), 401).problem


def set_up(site: Site, **fields: str) -> Response:
    with site.database.write() as work:
        code = site_setup.new_setup_code(work)
    return site.guest.submit("/setup", **{"code": code, "name": "Anna", "password": PASSWORD, **fields})


def test_the_set_up_creates_an_administrator_and_signs_them_in(site: Site) -> None:
    response = set_up(site)
    person = identity(site, response)

    assert_redirected(response, "/")
    assert person is not None
    assert ("Anna", Role.ADMINISTRATOR) == (person.name, person.role)


def test_a_refused_set_up_keeps_the_code_and_the_name(site: Site) -> None:
    page = Page(set_up(site, code="ABCD-EFGH", name="Anna B"), 400)

    assert "This is not the set-up code." in page.problem
    assert (["ABCD-EFGH"], ["Anna B"], [""]) == (page.values("code"), page.values("name"), page.values("password"))


def test_a_link_to_a_class_fills_in_the_code(site: Site) -> None:
    assert ["ABCDEF"] == Page(site.guest.open("/join", code="ABCDEF")).values("code")
    assert [""] == Page(site.guest.open("/join")).values("code")


def test_a_class_code_and_a_name_make_a_member(site: Site) -> None:
    opened = open_class(site.database, site.add_person("Lea", Role.LEADER))
    response = site.guest.submit("/join", code=opened.code, name="Cleo")
    person = identity(site, response)

    assert_redirected(response, "/")
    assert person is not None
    assert ("Cleo", Role.MEMBER, opened.id) == (person.name, person.role, person.class_code)


def test_a_taken_name_shows_the_form_again_with_code_and_name(site: Site) -> None:
    opened = open_class(site.database, site.add_person("Lea", Role.LEADER))
    page = Page(site.guest.submit("/join", code=opened.code, name="Lea"), 409)

    assert "The name Lea is already taken. Add an initial or a second name." == page.problem
    assert ([opened.code], ["Lea"]) == (page.values("code"), page.values("name"))


def test_a_closed_class_cannot_be_joined(site: Site) -> None:
    lea = site.add_person("Lea", Role.LEADER)
    opened = open_class(site.database, lea)
    with site.database.write() as work:
        class_codes.close_class(work, opened.id, leader=lea, now=NOW)

    assert "doesn't match an open class" in Page(site.guest.submit("/join", code=opened.code, name="Cleo"), 400).problem


@pytest.mark.parametrize("role", [Role.MEMBER, Role.LEADER])
def test_the_account_page_names_the_person_and_their_role(site: Site, role: Role) -> None:
    page = Page(site.browser(site.add_person(role=role)).open("/account"))

    assert "Ben" == page.title
    assert f"{role.value.capitalize()}, username ben." in page.text


def test_guests_are_sent_to_the_sign_in_page_and_back(site: Site) -> None:
    assert_redirected(site.guest.open("/account"), "/sign-in?next_page=/account")
    assert_refused(site.guest.get("/account"), 401)


def test_the_page_lists_the_browsers_of_a_person(site: Site) -> None:
    ben = site.add_person()
    browsers = [site.browser(ben), site.browser(ben)]
    page = Page(browsers[0].open("/account"))
    sessions = queries.sessions(site.database, ben.id, now=NOW)
    ended = {f"/account/sessions/{session.id}/end" for session in sessions} & page.forms

    assert 2 == page.text.count("testclient · since")
    assert 1 == page.text.count("this browser")
    assert 1 == len(ended), "The own session is not in the list of sessions to end."


def test_ending_another_session_signs_that_browser_out(site: Site) -> None:
    ben = site.add_person()
    browser, other = site.browser(ben), site.browser(ben)
    (end_other,) = (form for form in Page(browser.open("/account")).forms if form.endswith("/end"))

    assert_redirected(browser.submit(end_other), "/account")
    assert 303 == other.open("/account").status_code
    assert 200 == browser.open("/account").status_code


def test_an_unknown_session_is_an_error_page(site: Site) -> None:
    browser = site.browser(site.add_person())

    assert "This session has already ended." in Page(browser.submit("/account/sessions/7777/end"), 404).text


def test_signing_out_ends_the_session_and_opens_the_home_page(site: Site) -> None:
    browser = site.browser(site.add_person())
    response = browser.submit("/account/sign-out")

    assert_redirected(response, "/")
    assert '"cache"' == response.headers["clear-site-data"]
    assert_redirected(browser.open("/account"), "/sign-in?next_page=/account")


def change_password(browser: Caller, **fields: str) -> Response:
    return browser.submit("/account/password", **{"old": PASSWORD, "new": NEW_PASSWORD, **fields})


def test_a_changed_password_is_confirmed_and_ends_other_sessions(site: Site) -> None:
    ben = site.add_person()
    browser, other = site.browser(ben), site.browser(ben)
    response = change_password(browser)

    assert_redirected(response, "/account?changed=password")
    assert (
        "Password changed. Your other browsers were signed out."
        in Page(browser.open("/account", changed="password")).text
    )
    assert 303 == other.open("/account").status_code
    assert ben == sign_in(site.database, "ben", NEW_PASSWORD).person


@pytest.mark.parametrize(
    ("fields", "status", "problem"),
    [
        ({"old": "guess"}, 401, "The current password is wrong."),
        ({"new": "short"}, 400, "The password has fewer than 8 characters."),
    ],
)
def test_a_refused_password_shows_the_account_again(
    site: Site, fields: dict[str, str], status: int, problem: str
) -> None:
    page = Page(change_password(site.browser(site.add_person()), **fields), status)

    assert ("Ben", True) == (page.title, problem in page.problem)


def test_the_form_offers_to_remove_tokens_only_if_there_are_some(site: Site) -> None:
    ben = site.add_person()
    without_tokens = Page(site.browser(ben).open("/account"))
    program = site.program(ben)
    with_tokens = Page(site.browser(ben).open("/account"))

    assert "remove my API token" not in without_tokens.text
    assert "Also remove my API token" in with_tokens.text
    assert_redirected(change_password(site.browser(ben), remove_tokens="on"), "/account?changed=password")
    assert_refused(program.get("/account"), 401, "Invalid or expired token.")


def test_a_person_with_a_class_code_sets_a_username_and_a_password(site: Site) -> None:
    opened = open_class(site.database, site.add_person("Lea", Role.LEADER))
    cleo = site.browser_with(join(site.database, opened.code, "Cleo").token)
    page = Page(cleo.open("/account"))

    assert "Member, joined with a class code." in page.text
    assert (["Cleo"], []) == (page.values("name")[:1], page.values("old"))
    assert_redirected(cleo.submit("/account/password", name="cleo.b", new=NEW_PASSWORD), "/account?changed=account")
    assert "You can now sign in with your username" in Page(cleo.open("/account", changed="account")).text
    assert "Cleo" == sign_in(site.database, "cleo.b", NEW_PASSWORD).person.name


def test_a_person_without_tokens_can_create_one_with_their_permissions(site: Site) -> None:
    page = Page(site.browser(site.add_person()).open("/account"))
    scopes = {scope for scope in Permission if page.values(f"scope-{scope}")}

    assert {Permission.READ, Permission.ASK, Permission.MANAGE_ACCOUNT} == scopes
    assert "never used" not in page.text


def test_a_new_token_is_shown_once(site: Site) -> None:
    ben = site.add_person()
    browser = site.browser(ben)
    form = {"name": "Terminal", "scope-read": "on", "scope-ask": "on", "scope-administer": ""}
    created = Page(browser.submit("/account/tokens", **form))
    (token,) = queries.api_tokens(site.database, ben.id)

    assert "Your new API token" in created.sections
    assert "lamp_" in created.text
    assert (("Terminal", (Permission.ASK, Permission.READ)), NOW + 365 * 86_400) == (
        (token.name, token.scopes),
        token.expires_at,
    )
    later = Page(browser.open("/account"))
    assert "Terminal ask, read · never used" in later.text
    assert "lamp_" not in later.text


@pytest.mark.parametrize(
    ("form", "problem"),
    [
        ({"name": "Terminal"}, "The token has no scopes."),
        ({"name": " ", "scope-read": "on"}, "A token name must have 1 to 60 characters."),
        ({"name": "Terminal", "scope-manage-classes": "on"}, "Your role does not permit these scopes: manage-classes."),
    ],
)
def test_a_refused_token_shows_the_account_again(site: Site, form: dict[str, str], problem: str) -> None:
    page = Page(site.browser(site.add_person()).submit("/account/tokens", **form), 400)

    assert (True, False) == (problem in page.problem, "lamp_" in page.text)


def test_a_removed_token_is_no_longer_valid(site: Site) -> None:
    ben = site.add_person()
    browser, program = site.browser(ben), site.program(ben)
    (remove,) = (form for form in Page(browser.open("/account")).forms if form.endswith("/remove"))

    assert_redirected(browser.submit(remove), "/account")
    assert_refused(program.get("/account"), 401, "Invalid or expired token.")


def test_a_form_without_the_csrf_token_changes_nothing(site: Site) -> None:
    ben = site.add_person()
    browser = site.browser(ben)

    assert "This page is out of date." in Page(browser.submit("/account/sign-out", csrf="old"), 403).text
    assert "Ben" == Page(browser.open("/account")).title
