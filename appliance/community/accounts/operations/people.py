"""Accounts and roles of people, and the setting whether guests may read."""

import msgspec

from appliance.community.accounts import queries, store
from appliance.community.accounts.events import PersonJoined, SiteSetUp, append_access_changed
from appliance.community.accounts.names import checked_name
from appliance.community.accounts.passwords import PasswordHash, hash_new_password
from appliance.community.accounts.permissions import ADMINISTRATORS, LEADERS, Role
from appliance.community.accounts.person import LastAdministrator, NameTaken, Person, PersonNotFound, RoleInvalid
from appliance.community.site_settings import SiteSettingsChanged, set_site_setting
from appliance.infrastructure.database import UnitOfWork
from appliance.infrastructure.events import append_event


class NewAccount(msgspec.Struct, frozen=True, kw_only=True):
    """An account whose name and username are valid, with the hash of a valid password."""

    name: str
    login: str
    password_hash: PasswordHash
    role: Role


def new_account(*, name: str, login: str, password: str, role: Role) -> NewAccount:
    """Return a new account for `create`. This function hashes the password, so call it before the unit of work.

    Raises NameInvalid, RoleInvalid or PasswordRefused.
    """
    name, login = checked_name(name), checked_name(login).casefold()
    _refuse_guests(role)
    return NewAccount(name=name, login=login, password_hash=hash_new_password(password, name, login), role=role)


def new_account_of(person: Person, *, login: str, password: str) -> NewAccount:
    """Return a new account for `take_account`, for a person who joined with a class code.

    This function hashes the password, so call it before the unit of work. Raises NameInvalid, NameTaken or PasswordRefused.
    """
    login = checked_name(login).casefold()
    if person.login is not None:
        raise NameTaken("You already have an account.", remedy="Change the password of this account instead.")
    password_hash = hash_new_password(password, person.name, login)
    return NewAccount(name=person.name, login=login, password_hash=password_hash, role=person.role)


def create(work: UnitOfWork, account: NewAccount, *, now: float) -> Person:
    """Store a new account. Raises NameTaken."""
    return _add(
        work, name=account.name, login=account.login, password_hash=account.password_hash, role=account.role, now=now
    )


def create_member(work: UnitOfWork, *, name: str, class_code: int, now: float) -> Person:
    """Store a member who joins with a class code and has no password. Raises NameInvalid or NameTaken."""
    return _add(work, name=checked_name(name), role=Role.MEMBER, class_code=class_code, now=now)


def take_account(work: UnitOfWork, person: Person, account: NewAccount) -> Person:
    """Add a login and a password to a person who joined with a class code. Raises NameTaken."""
    _refuse_taken(work, account.login, but=person.id)
    work.execute(store.UPDATE_LOGIN, {"person": person.id, "login": account.login, "password": account.password_hash})
    return _stored(work, person.id)


def set_role(work: UnitOfWork, person: Person, role: Role, *, now: float) -> Person:
    """Change the role of a person. Raises LastAdministrator or RoleInvalid."""
    _refuse_guests(role)
    if role is not Role.ADMINISTRATOR:
        _keep_an_administrator(work, person)
    was_set_up = queries.has_administrator(work)
    work.execute(store.UPDATE_ROLE, {"person": person.id, "role": role.value})
    append_access_changed(work, person.id, now=now)
    if not was_set_up:
        _append_site_set_up(work, person.name, now)
    return _stored(work, person.id)


def remove(work: UnitOfWork, person: Person, *, now: float) -> None:
    """Delete a person, and their sessions and API tokens. Raises LastAdministrator."""
    _keep_an_administrator(work, person)
    work.execute(store.DELETE_PERSON, (person.id,))
    append_access_changed(work, person.id, now=now)


def set_guests_may_read(work: UnitOfWork, *, allowed: bool, now: float) -> None:
    """Set whether people who are not signed in may read and search."""
    set_site_setting(work, queries.GUESTS_MAY_READ, allowed)
    append_event(work, SiteSettingsChanged(guests_may_read=allowed), ADMINISTRATORS, now=now)
    append_access_changed(work, None, now=now)


def _add(
    work: UnitOfWork,
    *,
    name: str,
    role: Role,
    now: float,
    login: str | None = None,
    password_hash: PasswordHash | None = None,
    class_code: int | None = None,
) -> Person:
    """Raises NameTaken."""
    _refuse_taken(work, name, login or name)
    was_set_up = queries.has_administrator(work)
    row = {"name": name, "login": login, "password": password_hash, "role": role.value, "class_code": class_code}
    work.execute(store.INSERT_PERSON, row | {"now": now})
    person = _stored(work, work.last_insert_id)
    append_event(work, PersonJoined(id=person.id, name=person.name, role=person.role), LEADERS, now=now)
    if not was_set_up:
        _append_site_set_up(work, person.name, now)
    return person


def _stored(work: UnitOfWork, person: int) -> Person:
    """Return the stored person. Raises PersonNotFound, because the person may have been removed since the last read."""
    rows = work.execute(store.SELECT_PERSON, (person,))
    if not rows:
        raise PersonNotFound(f"There is no person {person}.", remedy="`lampstand users list` lists all people.")
    return store.person_of(rows[0])


def _append_site_set_up(work: UnitOfWork, name: str, now: float) -> None:
    """Log that the site is set up, as soon as it has an administrator. After that, the server answers other machines."""
    if queries.has_administrator(work):
        append_event(work, SiteSetUp(administrator=name), ADMINISTRATORS, now=now)


def _refuse_guests(role: Role) -> None:
    if role is Role.GUEST:
        raise RoleInvalid("An account cannot have the role guest.", remedy="Make this person a member, or remove them.")


def _refuse_taken(work: UnitOfWork, *names: str, but: int = 0) -> None:
    """Raises NameTaken if another person uses one of the names as name or username. Upper and lower case are the same."""
    new_names = {name.casefold() for name in names}
    for person, *taken_names in work.execute(store.SELECT_NAMES):
        if person != but and new_names & {name.casefold() for name in taken_names if name}:
            raise NameTaken(f"The name {names[0]} is already taken.", remedy="Add an initial or a second name.")


def _keep_an_administrator(work: UnitOfWork, person: Person) -> None:
    """Raises LastAdministrator if this person is the only administrator."""
    administrators = [row[0] for row in work.execute(store.SELECT_ADMINISTRATORS)]
    if administrators == [person.id]:
        raise LastAdministrator(
            f"{person.name} is the only administrator.", remedy="Make another person an administrator first."
        )
