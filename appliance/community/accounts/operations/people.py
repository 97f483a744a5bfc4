"""Writes: people's accounts and roles, and whether guests may read."""

import time

from appliance.community.accounts import queries, store
from appliance.community.accounts.events import PersonJoined, SiteSetUp, append_access_changed
from appliance.community.accounts.memory_sessions import MEMORY_SESSIONS
from appliance.community.accounts.names import checked_name
from appliance.community.accounts.passwords import check_password, hash_password
from appliance.community.accounts.permissions import ADMINISTRATORS, LEADERS, Role
from appliance.community.accounts.person import LastAdministrator, NameTaken, Person, RoleInvalid
from appliance.community.site_settings import SiteSettingsChanged, set_site_setting
from appliance.infrastructure.database import Database, UnitOfWork
from appliance.infrastructure.events import append_event


def create(database: Database, *, name: str, login: str, password: str, role: Role) -> Person:
    """Somebody with an account. Raises NameInvalid, NameTaken, RoleInvalid or PasswordRefused."""
    name, login = checked_name(name), checked_name(login).casefold()
    _refuse_guests(role)
    check_password(password, name, login)
    kept = hash_password(password)
    with database.write() as work:
        return add_person(work, name=name, login=login, password=kept, role=role, class_code=None)


def take_account(database: Database, *, person: Person, login: str, password: str) -> Person:
    """Give somebody who joined by a class code a name and password of their own, so that they can come back.

    Raises NameInvalid, NameTaken or PasswordRefused.
    """
    login = checked_name(login).casefold()
    if person.login is not None:
        raise NameTaken("You have an account already.", remedy="Change its password instead.")
    check_password(password, person.name, login)
    kept = hash_password(password)
    with database.write() as work:
        _refuse_taken(work, login, but=person.id)
        work.execute(store.UPDATE_LOGIN, (login, kept, person.id))
    return queries.person(database, person.id)


def set_role(database: Database, *, person: Person, role: Role) -> Person:
    """Raises LastAdministrator or RoleInvalid."""
    _refuse_guests(role)
    with database.write() as work:
        _keep_an_administrator(work, person, role)
        before = count_administrators(work)
        work.execute(store.UPDATE_ROLE, (role.value, person.id))
        append_access_changed(work, person.id)
        _tell_if_set_up(work, before, person.name)
    return queries.person(database, person.id)


def remove(database: Database, *, person: Person) -> None:
    """Remove somebody, with their sessions and tokens. Raises LastAdministrator."""
    with database.write() as work:
        _keep_an_administrator(work, person, None)
        work.execute(store.DELETE_PERSON, (person.id,))
        append_access_changed(work, person.id)
    MEMORY_SESSIONS.end_all(database, person=person.id)


def let_guests_read(database: Database, *, allowed: bool) -> None:
    """Set whether people who are not signed in may read and search."""
    with database.write() as work:
        set_site_setting(work, queries.GUESTS_MAY_READ, allowed)
        append_event(work, SiteSettingsChanged(guests_may_read=allowed), ADMINISTRATORS)
        append_access_changed(work, None)


def add_person(
    work: UnitOfWork, *, name: str, login: str | None, password: str | None, role: Role, class_code: int | None
) -> Person:
    _refuse_taken(work, name, login or name)
    before, now = count_administrators(work), time.time()
    row = {"name": name, "login": login, "password": password, "role": role.value, "class_code": class_code, "now": now}
    work.execute(store.INSERT_PERSON, row)
    person = store.person_of(work.execute(store.SELECT_PERSON, (work.last_insert_id,))[0])
    append_event(work, PersonJoined(id=person.id, name=person.name, role=person.role), LEADERS)
    _tell_if_set_up(work, before, person.name)
    return person


def _refuse_guests(role: Role) -> None:
    if role is Role.GUEST:
        raise RoleInvalid("An account cannot have the role guest.", remedy="Make this person a member, or remove them.")


def _refuse_taken(work: UnitOfWork, *names: str, but: int = 0) -> None:
    """No name is another's, neither to be called by nor to sign in with, in any case."""
    wanted = {name.casefold() for name in names}
    for person, *taken in work.execute(store.SELECT_NAMES):
        if person != but and wanted & {name.casefold() for name in taken if name}:
            raise NameTaken(f"There is a {names[0]} already.", remedy="Add an initial or a second name.")


def count_administrators(work: UnitOfWork) -> int:
    return int(work.execute(store.COUNT_ADMINISTRATORS)[0][0])


def _keep_an_administrator(work: UnitOfWork, person: Person, role: Role | None) -> None:
    last = count_administrators(work) == 1
    if person.role is Role.ADMINISTRATOR and role is not Role.ADMINISTRATOR and last:
        raise LastAdministrator(
            f"{person.name} is the only administrator.", remedy="Make somebody else an administrator first."
        )


def _tell_if_set_up(work: UnitOfWork, before: int, name: str) -> None:
    """The first administrator opens the house: who waits for that hears of it."""
    if before == 0 and count_administrators(work):
        append_event(work, SiteSetUp(administrator=name), ADMINISTRATORS)
