"""Signing in and out, and the caller's own sessions and API tokens, as JSON."""

from typing import Any

import pytest
from fakes.accounts import NEW_PASSWORD, NOW, PASSWORD, join, open_class
from fakes.small_site import Caller, Site, api_routes, assert_refused, read
from httpx import Response

from appliance.community.accounts.operations import class_codes, site_setup
from appliance.community.accounts.operations.api_tokens import NewToken
from appliance.community.accounts.permissions import Permission, Role
from appliance.community.accounts.person import Person
from appliance.community.accounts.secret_tokens import csrf_token
from server.api.accounts import AccountController, Me, SessionController, SessionList, TokenList
from server.http.access import COOKIE_TLS

ROUTES = [api_routes(SessionController, AccountController)]
SESSION, SESSIONS, TOKENS = "/api/v1/session", "/api/v1/account/sessions", "/api/v1/account/tokens"
DAY_S = 86_400.0


def me(caller: Caller) -> Me:
    return read(caller.get(SESSION), Me)


def sign_in(site: Site, name: str, password: str) -> Response:
    return site.guest.post(SESSION, {"name": name, "password": password})


def signed_in(site: Site, response: Response) -> Caller:
    """The browser that got this answer to a successful sign-in."""
    assert 201 == response.status_code, response.text
    return site.browser_with(response.cookies[COOKIE_TLS])


def test_a_guest_has_no_account_and_may_read(site: Site) -> None:
    assert Me(person=None, role=Role.GUEST, permissions=[Permission.PUBLIC, Permission.READ], csrf_token="") == me(
        site.guest
    )


def test_a_closed_site_lets_guests_only_enter(site: Site) -> None:
    site.close_to_guests()

    assert [Permission.PUBLIC] == me(site.guest).permissions
    assert Permission.READ in me(site.member()).permissions


def test_a_browser_gets_the_csrf_token_for_its_changes(site: Site) -> None:
    browser = site.browser(site.add_person())

    assert browser.csrf == me(browser).csrf_token


def test_a_member_has_no_permissions_of_leaders(site: Site) -> None:
    ben = site.add_person()
    caller = me(site.browser(ben))

    assert (ben, Role.MEMBER) == (caller.person, caller.role)
    assert [Permission.PUBLIC, Permission.READ, Permission.ASK, Permission.MANAGE_ACCOUNT] == caller.permissions


def test_a_program_has_only_the_permissions_in_its_scopes(site: Site) -> None:
    program = site.program(site.add_person("Anna", Role.ADMINISTRATOR), Permission.READ)

    assert (Role.ADMINISTRATOR, "") == (me(program).role, me(program).csrf_token)
    assert [Permission.PUBLIC, Permission.READ] == me(program).permissions


def test_a_browser_gets_a_cookie_that_only_the_server_can_read(site: Site) -> None:
    ben = site.add_person()
    response = sign_in(site, "Ben", PASSWORD)
    caller, cookie = read(response, Me, 201), response.headers["set-cookie"]

    assert (ben, csrf_token(response.cookies[COOKIE_TLS])) == (caller.person, caller.csrf_token)
    assert all(part in cookie for part in ("HttpOnly", "Secure", "SameSite=lax", "Path=/"))


def test_the_cookie_signs_in_later_requests(site: Site) -> None:
    ben = site.add_person()

    assert ben == me(signed_in(site, sign_in(site, "ben", PASSWORD))).person


def test_signing_in_again_ends_the_older_session_of_the_browser(site: Site) -> None:
    ben = site.add_person()
    browser = site.browser(ben)
    response = browser.post(SESSION, {"name": "ben", "password": PASSWORD})

    assert (None, ben) == (me(browser).person, me(signed_in(site, response)).person)


def test_a_wrong_name_and_a_wrong_password_have_the_same_answer(site: Site) -> None:
    site.add_person()
    wrong_password, wrong_name = sign_in(site, "ben", "guess"), sign_in(site, "bob", PASSWORD)

    assert_refused(wrong_password, 401, "Wrong name or password.")
    assert wrong_password.json() == wrong_name.json()
    assert COOKIE_TLS not in wrong_password.cookies


def test_after_five_failures_the_caller_must_wait(site: Site) -> None:
    site.add_person()
    failures = [sign_in(site, "ben", "guess").status_code for _ in range(5)]
    refused = sign_in(site, "ben", PASSWORD)

    assert [401] * 5 == failures
    assert_refused(refused, 429, "Try again in 15 minutes")
    assert "900" == refused.headers["retry-after"]


@pytest.mark.parametrize("body", [{"name": "ben"}, {"name": "ben", "password": 7}, {}, [], "ben", None])
def test_a_body_without_name_and_password_is_invalid(site: Site, body: Any) -> None:
    assert_refused(site.guest.post(SESSION, body), 400)


def test_signing_out_ends_the_session_and_removes_the_cookie(site: Site) -> None:
    browser = site.browser(site.add_person())
    response = browser.delete(SESSION)

    assert 200 == response.status_code
    assert "Max-Age=0" in response.headers["set-cookie"]
    assert '"cache"' == response.headers["clear-site-data"]
    assert me(browser).person is None


def test_signing_out_twice_is_no_error(site: Site) -> None:
    assert 200 == site.guest.delete(SESSION).status_code


def set_up(site: Site, code: str, password: str = PASSWORD) -> Response:
    return site.guest.post("/api/v1/setup", {"code": code, "name": "Anna", "password": password})


def new_code(site: Site) -> str:
    with site.database.write() as work:
        return site_setup.new_setup_code(work)


def test_the_set_up_code_creates_the_administrator(site: Site) -> None:
    response = set_up(site, new_code(site))
    person = me(signed_in(site, response)).person

    assert person is not None
    assert ("Anna", "anna", Role.ADMINISTRATOR) == (person.name, person.login, person.role)


def test_another_code_is_refused(site: Site) -> None:
    new_code(site)

    assert_refused(set_up(site, "ABCD-EFGH"), 400, "This is not the set-up code.")


def test_a_password_that_is_easy_to_guess_is_refused_and_the_code_still_works(site: Site) -> None:
    code = new_code(site)

    assert_refused(set_up(site, code, "password"), 400, "too easy to guess")
    assert 201 == set_up(site, code).status_code


def test_a_site_is_set_up_only_once(site: Site) -> None:
    code = new_code(site)
    site.add_person("Anna", Role.ADMINISTRATOR)

    assert_refused(set_up(site, code), 409, "already set up")


def join_class(site: Site, code: str, name: str = "Cleo") -> Response:
    return site.guest.post("/api/v1/join", {"code": code, "name": name})


def test_a_class_code_and_a_name_are_enough(site: Site) -> None:
    opened = open_class(site.database, site.add_person("Lea", Role.LEADER))
    person = me(signed_in(site, join_class(site, opened.code))).person

    assert person is not None
    assert ("Cleo", None, Role.MEMBER, opened.id) == (person.name, person.login, person.role, person.class_code)


def test_the_code_may_be_typed_with_small_letters_and_a_dash(site: Site) -> None:
    code = open_class(site.database, site.add_person("Lea", Role.LEADER)).code.lower()

    assert 201 == join_class(site, f"{code[:3]}-{code[3:]}").status_code


def test_a_closed_class_cannot_be_joined(site: Site) -> None:
    lea = site.add_person("Lea", Role.LEADER)
    opened = open_class(site.database, lea)
    with site.database.write() as work:
        class_codes.close_class(work, opened.id, leader=lea, now=NOW)

    assert_refused(join_class(site, opened.code), 400, "doesn't match an open class")


def test_two_people_cannot_have_the_same_name(site: Site) -> None:
    opened = open_class(site.database, site.add_person("Lea", Role.LEADER))

    assert_refused(join_class(site, opened.code, "lea"), 409, "already taken")


def test_the_sessions_of_a_person_name_the_browser_of_the_request(site: Site) -> None:
    ben = site.add_person()
    older, browser = site.browser(ben), site.browser(ben)
    listed = read(browser.get(SESSIONS), SessionList)

    assert [ben.id, ben.id] == [session.person for session in listed.sessions]
    assert listed.current in {session.id for session in listed.sessions}
    assert listed.current != read(older.get(SESSIONS), SessionList).current


def test_a_program_has_no_session(site: Site) -> None:
    assert SessionList(sessions=[], current=None) == read(site.program(site.add_person()).get(SESSIONS), SessionList)


def test_a_person_ends_a_session_of_another_browser(site: Site) -> None:
    ben = site.add_person()
    lost, browser = site.browser(ben), site.browser(ben)
    session = read(lost.get(SESSIONS), SessionList).current

    assert 200 == browser.delete(f"{SESSIONS}/{session}").status_code
    assert (None, ben) == (me(lost).person, me(browser).person)


def test_sessions_of_other_people_do_not_exist(site: Site) -> None:
    anna = site.browser(site.add_person("Anna", Role.ADMINISTRATOR))
    session = read(anna.get(SESSIONS), SessionList).current

    assert_refused(site.member().delete(f"{SESSIONS}/{session}"), 404)
    assert "Anna" == getattr(me(anna).person, "name", "")


@pytest.mark.parametrize("path", [SESSIONS, TOKENS])
def test_guests_have_no_sessions_and_tokens(site: Site, path: str) -> None:
    assert_refused(site.guest.get(path), 401)


def change_password(caller: Caller, old: str, *, remove_tokens: bool = False) -> Response:
    body = {"old": old, "new": NEW_PASSWORD, "remove_tokens": remove_tokens}
    return caller.post("/api/v1/account/password", body)


def test_a_new_password_ends_the_other_sessions_but_no_api_tokens(site: Site) -> None:
    ben = site.add_person()
    other, browser, program = site.browser(ben), site.browser(ben), site.program(ben)

    assert 200 == change_password(browser, PASSWORD).status_code
    assert [None, ben, ben] == [me(caller).person for caller in (other, browser, program)]
    assert 401 == sign_in(site, "ben", PASSWORD).status_code


def test_api_tokens_are_deleted_on_request(site: Site) -> None:
    ben = site.add_person()
    program = site.program(ben)

    assert 200 == change_password(site.browser(ben), PASSWORD, remove_tokens=True).status_code
    assert_refused(program.get(SESSION), 401, "Invalid or expired token.")


def test_the_current_password_is_needed(site: Site) -> None:
    ben = site.add_person()

    assert_refused(change_password(site.browser(ben), "guess"), 401, "The current password is wrong.")
    assert 201 == sign_in(site, "ben", PASSWORD).status_code


def test_a_person_with_a_class_code_adds_a_name_and_a_password(site: Site) -> None:
    opened = open_class(site.database, site.add_person("Lea", Role.LEADER))
    cleo = site.browser_with(join(site.database, opened.code, "Cleo").token)
    response = cleo.post("/api/v1/account/login", {"name": "cleo.b", "password": NEW_PASSWORD})

    assert ("Cleo", "cleo.b") == (read(response, Person).name, read(response, Person).login)
    assert 201 == sign_in(site, "cleo.b", NEW_PASSWORD).status_code


def test_an_account_has_only_one_name(site: Site) -> None:
    ben = site.browser(site.add_person())

    assert_refused(
        ben.post("/api/v1/account/login", {"name": "b", "password": NEW_PASSWORD}), 409, "You already have an account."
    )


def create_token(caller: Caller, **changes: object) -> Response:
    return caller.post(TOKENS, {"name": "Terminal", "scopes": ["read", "ask"], **changes})


def test_a_new_token_signs_in_a_program(site: Site) -> None:
    ben = site.add_person()
    created = read(create_token(site.browser(ben)), NewToken, 201)
    response = site.guest.get(SESSION, {"Authorization": f"Bearer {created.token}"})

    assert ben == read(response, Me).person
    assert ("Terminal", (Permission.ASK, Permission.READ)) == (created.details.name, created.details.scopes)


def test_a_token_expires_after_a_year_unless_the_caller_says_otherwise(site: Site) -> None:
    browser = site.browser(site.add_person())
    expiries = [
        read(create_token(browser, **changes), NewToken, 201).details.expires_at
        for changes in ({}, {"days": 7}, {"days": None})
    ]

    assert [NOW + 365 * DAY_S, NOW + 7 * DAY_S, None] == expiries


@pytest.mark.parametrize("days", [0, -1, 3651, "soon"])
def test_a_token_lasts_for_one_to_3650_days(site: Site, days: Any) -> None:

    assert_refused(create_token(site.browser(site.add_person()), days=days), 400, "days")


@pytest.mark.parametrize(
    ("scopes", "reason"),
    [(["administer"], "does not permit these scopes: administer"), ([], "no scopes"), (["fly"], "scopes")],
)
def test_a_token_cannot_do_more_than_its_owner(site: Site, scopes: list[str], reason: str) -> None:

    assert_refused(create_token(site.browser(site.add_person()), scopes=scopes), 400, reason)


def test_the_list_does_not_contain_the_tokens_themselves(site: Site) -> None:
    browser = site.browser(site.add_person())
    created = read(create_token(browser), NewToken, 201)
    response = browser.get(TOKENS)

    assert TokenList([created.details]) == read(response, TokenList)
    assert created.token not in response.text


def test_a_person_without_tokens_has_an_empty_list(site: Site) -> None:
    assert {"tokens": []} == site.browser(site.add_person()).get(TOKENS).json()


def test_only_its_owner_can_delete_a_token(site: Site) -> None:
    ben = site.browser(site.add_person())
    token = read(create_token(ben), NewToken, 201).details.id
    anna = site.browser(site.add_person("Anna", Role.ADMINISTRATOR))

    assert_refused(anna.delete(f"{TOKENS}/{token}"), 404, "You have no token with this number.")
    assert 200 == ben.delete(f"{TOKENS}/{token}").status_code
    assert {"tokens": []} == ben.get(TOKENS).json()
