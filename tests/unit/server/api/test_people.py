"""People, classes and the site settings as JSON."""

from typing import Any

import pytest
from fakes.accounts import NEW_PASSWORD, NOW, PASSWORD, join, open_class, sign_in
from fakes.small_site import Caller, Site, api_routes, assert_refused, read
from httpx import Response

from appliance.community.accounts import queries
from appliance.community.accounts.permissions import Role
from appliance.community.accounts.person import ClassCode, Person, SignInFailed
from server.api.people import (
    ClassController,
    ClassList,
    PeopleController,
    PersonList,
    SiteController,
    SiteSettings,
)

ROUTES = [api_routes(PeopleController, ClassController, SiteController)]
PEOPLE, CLASSES, SITE = "/api/v1/people", "/api/v1/classes", "/api/v1/site"
HOUR_S = 3_600.0


def create(administrator: Caller, **fields: object) -> Response:
    return administrator.post(PEOPLE, {"name": "Dora Lamp", "password": PASSWORD, **fields})


def test_a_new_account_is_that_of_a_member_who_signs_in_with_their_name(site: Site) -> None:
    administrator = site.administrator()
    dora = read(create(administrator), Person, 201)

    assert ("Dora Lamp", "dora lamp", Role.MEMBER) == (dora.name, dora.login, dora.role)
    assert dora == sign_in(site.database, "Dora Lamp").person
    assert ["Anna", "Dora Lamp"] == [person.name for person in read(administrator.get(PEOPLE), PersonList).people]


def test_an_administrator_chooses_the_username_and_the_role(site: Site) -> None:
    dora = read(create(site.administrator(), login="Dora", role="leader"), Person, 201)

    assert ("dora", Role.LEADER) == (dora.login, dora.role)


@pytest.mark.parametrize(
    ("fields", "part"),
    [
        ({"name": " "}, "A name must have 1 to 60 characters."),
        ({"password": "short"}, "fewer than 8 characters"),
        ({"password": "doralamp1"}, "too easy to guess"),
        ({"role": "guest"}, "An account cannot have the role guest."),
        ({"role": "king"}, "role"),
        ({"name": None}, "name"),
    ],
)
def test_a_wrong_name_password_or_role_is_refused(site: Site, fields: dict[str, object], part: str) -> None:
    administrator = site.administrator()

    assert_refused(create(administrator, **fields), 400, part)
    assert 1 == len(queries.people(site.database))


def test_two_people_cannot_have_the_same_name(site: Site) -> None:
    administrator = site.administrator()

    assert_refused(create(administrator, name="anna"), 409, "The name anna is already taken.")


def test_no_answer_contains_a_password(site: Site) -> None:
    administrator = site.administrator()

    assert {"id", "name", "login", "role", "class_code", "created_at"} == create(administrator).json().keys()
    assert "argon2" not in administrator.get(PEOPLE).text


def test_an_administrator_changes_a_role(site: Site) -> None:
    ben = site.add_person()
    changed = read(site.administrator().put(f"{PEOPLE}/{ben.id}/role", {"role": "leader"}), Person)

    assert (ben.id, Role.LEADER) == (changed.id, changed.role)
    assert changed == queries.person(site.database, ben.id)


def test_the_only_administrator_stays_one(site: Site) -> None:
    anna = site.add_person("Anna", Role.ADMINISTRATOR)
    program = site.program(anna)

    assert_refused(program.put(f"{PEOPLE}/{anna.id}/role", {"role": "member"}), 409, "Anna is the only administrator.")
    assert_refused(program.delete(f"{PEOPLE}/{anna.id}"), 409, "Make another person an administrator first.")
    assert anna == queries.person(site.database, anna.id)


@pytest.mark.parametrize("body", [{"role": "guest"}, {"role": "king"}, {}, []])
def test_an_account_needs_a_role(site: Site, body: Any) -> None:
    ben = site.add_person()

    assert_refused(site.administrator().put(f"{PEOPLE}/{ben.id}/role", body), 400)


def test_a_reset_password_ends_sessions_and_tokens(site: Site) -> None:
    ben = site.add_person("Ben", Role.LEADER)
    browser, program = site.browser(ben), site.program(ben)
    response = site.administrator().put(f"{PEOPLE}/{ben.id}/password", {"password": NEW_PASSWORD})

    assert 200 == response.status_code
    assert [401, 401] == [caller.get(CLASSES).status_code for caller in (browser, program)]
    assert ben == sign_in(site.database, "ben", NEW_PASSWORD).person
    with pytest.raises(SignInFailed):
        sign_in(site.database, "ben", PASSWORD)


def test_a_deleted_person_cannot_sign_in_and_is_not_listed(site: Site) -> None:
    administrator, ben = site.administrator(), site.add_person()
    program = site.program(ben)

    assert 200 == administrator.delete(f"{PEOPLE}/{ben.id}").status_code
    assert ["Anna"] == [person.name for person in read(administrator.get(PEOPLE), PersonList).people]
    assert_refused(program.get(CLASSES), 401, "Invalid or expired token.")


def test_an_unknown_person_is_not_found(site: Site) -> None:
    administrator = site.administrator()
    for answer in (
        administrator.delete(f"{PEOPLE}/7777"),
        administrator.put(f"{PEOPLE}/7777/role", {"role": "member"}),
        administrator.put(f"{PEOPLE}/7777/password", {"password": NEW_PASSWORD}),
    ):
        assert_refused(answer, 404, "There is no person 7777.")


@pytest.mark.parametrize("path", [PEOPLE, SITE])
def test_only_administrators_see_people_and_settings(site: Site, path: str) -> None:
    assert_refused(site.guest.get(path), 401)
    assert_refused(site.leader().get(path), 403, "The role leader does not allow this.")
    assert 200 == site.administrator().get(path).status_code


def test_a_site_without_classes_has_an_empty_list(site: Site) -> None:
    assert {"classes": []} == site.leader().get(CLASSES).json()


def test_a_new_class_has_a_code_for_twelve_hours(site: Site) -> None:
    lea = site.add_person("Lea", Role.LEADER)
    opened = read(site.program(lea).post(CLASSES, {"name": " Sunday  evening "}), ClassCode, 201)

    assert ("Sunday evening", lea.id, NOW + 12 * HOUR_S) == (opened.name, opened.opened_by, opened.expires_at)
    assert (6, 0, None) == (len(opened.code), opened.joined, opened.revoked_at)


def test_classes_are_listed_newest_first_with_the_number_of_people(site: Site) -> None:
    lea = site.add_person("Lea", Role.LEADER)
    first, _second = open_class(site.database, lea, "First"), open_class(site.database, lea, "Second")
    join(site.database, first.code, "Cleo")

    assert [("Second", 0), ("First", 1)] == [
        (listed.name, listed.joined) for listed in read(site.program(lea).get(CLASSES), ClassList).classes
    ]


@pytest.mark.parametrize(
    ("body", "part"),
    [
        ({"name": "Sunday", "hours": 0}, "hours"),
        ({"name": "Sunday", "hours": 2_881}, "hours"),
        ({"name": " "}, "A class name must have 1 to 60 characters."),
        ({"hours": 2}, "name"),
    ],
)
def test_a_class_has_a_name_and_lasts_at_most_120_days(site: Site, body: Any, part: str) -> None:
    assert_refused(site.leader().post(CLASSES, body), 400, part)


def test_a_closed_class_keeps_its_people_signed_in(site: Site) -> None:
    lea = site.add_person("Lea", Role.LEADER)
    opened = open_class(site.database, lea)
    cleo = join(site.database, opened.code, "Cleo").token
    closed = read(site.program(lea).post(f"{CLASSES}/{opened.id}/close", {}), ClassCode)

    assert NOW == closed.revoked_at
    assert_refused(site.browser_with(cleo).get(CLASSES), 403, "The role member does not allow this.")


def test_a_leader_signs_out_the_people_of_a_class(site: Site) -> None:
    lea = site.add_person("Lea", Role.LEADER)
    opened = open_class(site.database, lea)
    cleo = join(site.database, opened.code, "Cleo").token
    site.program(lea).post(f"{CLASSES}/{opened.id}/close", {"sign_out": True})

    assert_refused(site.browser_with(cleo).get(CLASSES), 401, "Sign in to continue.")


def test_only_its_leader_and_administrators_close_a_class(site: Site) -> None:
    opened = open_class(site.database, site.add_person("Lea", Role.LEADER))
    other_leader = site.program(site.add_person("Max", Role.LEADER))

    assert_refused(other_leader.post(f"{CLASSES}/{opened.id}/close", {}), 403, "Another leader opened this class.")
    assert 200 == site.administrator().post(f"{CLASSES}/{opened.id}/close", {}).status_code


def test_an_unknown_class_is_not_found(site: Site) -> None:
    assert_refused(site.leader().post(f"{CLASSES}/7777/close", {}), 404, "No class has this number.")


def test_members_cannot_open_classes(site: Site) -> None:
    member = site.member()

    assert_refused(member.post(CLASSES, {"name": "Sunday"}), 403, "The role member does not allow this.")
    assert_refused(member.get(CLASSES), 403)


def test_guests_may_read_until_an_administrator_changes_it(site: Site) -> None:
    administrator = site.administrator()
    before = read(administrator.get(SITE), SiteSettings)
    answer = administrator.put(SITE, {"guests_may_read": False})

    assert SiteSettings(guests_may_read=True) == before
    assert (
        SiteSettings(guests_may_read=False) == read(answer, SiteSettings) == read(administrator.get(SITE), SiteSettings)
    )
    assert not queries.guests_may_read(site.database)


@pytest.mark.parametrize("body", [{}, {"guests_may_read": "no"}, []])
def test_a_setting_is_true_or_false(site: Site, body: Any) -> None:
    assert_refused(site.administrator().put(SITE, body), 400)
