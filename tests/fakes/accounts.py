"""Helpers that create people, sessions, tokens and classes at a fixed time."""

from collections.abc import Collection

from appliance.community.accounts.operations import (
    api_tokens,
    class_codes,
    password_changes,
    people,
    signing_in,
    site_setup,
)
from appliance.community.accounts.operations.api_tokens import NewToken
from appliance.community.accounts.operations.sessions import SignedIn
from appliance.community.accounts.permissions import Permission, Role
from appliance.community.accounts.person import ClassCode, Person
from appliance.infrastructure.database import Database

PASSWORD = "seven green lamps burn"
NEW_PASSWORD = "nine blue rivers run"
NOW = 1_800_000_000.0
ADDRESS, AGENT = "10.0.0.7", "Firefox"


def create_administrator(
    database: Database, name: str = "Anna", *, password: str = PASSWORD, now: float = NOW
) -> Person:
    """Create the first administrator."""
    account = site_setup.new_administrator(database.reader, name=name, password=password)
    with database.write() as work:
        return site_setup.create_administrator(work, account, now=now)


def create_person(
    database: Database,
    name: str = "Ben",
    role: Role = Role.MEMBER,
    *,
    login: str = "",
    password: str = PASSWORD,
    now: float = NOW,
) -> Person:
    """Create a person with an account. If `login` is empty, the person signs in with their name."""
    account = people.new_account(name=name, login=login or name, password=password, role=role)
    with database.write() as work:
        return people.create(work, account, now=now)


def sign_in(
    database: Database, login: str = "anna", password: str = PASSWORD, *, address: str = ADDRESS, now: float = NOW
) -> SignedIn:
    """Sign in from a fixed address and browser; by default as the first administrator."""
    return signing_in.sign_in(database, login=login, password=password, address=address, agent=AGENT, now=now)


def join(database: Database, code: str, name: str, *, now: float = NOW) -> SignedIn:
    """Join a class with its code, from a fixed address and browser."""
    return signing_in.join(database, code=code, name=name, address=ADDRESS, agent=AGENT, now=now)


def create_token(
    database: Database,
    person: Person,
    scopes: Collection[Permission] = (Permission.READ,),
    *,
    days: float | None = None,
    now: float = NOW,
) -> NewToken:
    with database.write() as work:
        return api_tokens.create_token(work, person=person, name="tests", scopes=scopes, days=days, now=now)


def open_class(database: Database, leader: Person, name: str = "Sunday", *, now: float = NOW) -> ClassCode:
    """Open a class for two hours."""
    with database.write() as work:
        return class_codes.open_class(work, leader=leader, name=name, hours=2, now=now)


def reset_password(database: Database, person: Person, password: str = NEW_PASSWORD, *, now: float = NOW) -> None:
    password_hash = password_changes.new_password_hash(person, password)
    with database.write() as work:
        password_changes.reset_password(work, person, password_hash, now=now)


def set_role(database: Database, person: Person, role: Role, *, now: float = NOW) -> Person:
    with database.write() as work:
        return people.set_role(work, person, role, now=now)


def remove(database: Database, person: Person, *, now: float = NOW) -> None:
    """Delete the account of a person."""
    with database.write() as work:
        people.remove(work, person, now=now)
