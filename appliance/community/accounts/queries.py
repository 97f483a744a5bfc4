"""Queries for accounts: people, sessions, tokens, class codes, and the setting whether guests may read."""

from appliance.community.accounts import store
from appliance.community.accounts.memory_sessions import MEMORY_SESSIONS
from appliance.community.accounts.permissions import Role
from appliance.community.accounts.person import (
    ApiToken,
    ClassCode,
    Identity,
    Person,
    PersonNotFound,
    Session,
)
from appliance.community.accounts.secret_tokens import API_PREFIX, fingerprint
from appliance.community.site_settings import read_site_setting
from appliance.infrastructure.database import Database, RowSource

GUESTS_MAY_READ = "guests_may_read"
SETUP_CODE = "setup_code"


def person(database: Database, person_id: int) -> Person:
    """Return the person with this id. Raises PersonNotFound."""
    row = database.reader.row(store.SELECT_PERSON, (person_id,))
    if row is None:
        raise PersonNotFound(f"There is no person {person_id}.", remedy="`lampstand users list` lists all people.")
    return store.person_of(row)


def person_named(database: Database, login: str) -> Person:
    """Return the person with this username. If nobody has it, return the person with this name. Raises PersonNotFound."""
    name = login.strip().casefold()
    everyone = people(database)
    for candidate in (*(person for person in everyone if person.login == name), *everyone):
        if name in (candidate.login, candidate.name.casefold()):
            return candidate
    raise PersonNotFound(f"No person is called {login!r}.", remedy="`lampstand users list` lists all people.")


def people(database: Database) -> list[Person]:
    """All people, sorted by name."""
    return [store.person_of(row) for row in database.reader.rows(store.SELECT_PEOPLE)]


def roles(source: RowSource) -> dict[int, Role]:
    """The role of each person, by id."""
    return {int(person): Role(role) for person, role in source.rows(store.SELECT_ROLES)}


def has_administrator(source: RowSource) -> bool:
    """True if the site has an administrator."""
    return bool(source.value(store.COUNT_ADMINISTRATORS))


def is_set_up(database: Database) -> bool:
    """True if the site has an administrator."""
    return has_administrator(database.reader)


def guests_may_read(database: Database) -> bool:
    return bool(read_site_setting(database.reader, GUESTS_MAY_READ, default=True))


def identify_session(database: Database, token: str, *, now: float) -> Identity:
    """Return the person of a session token, or NOBODY if the session has ended or is unknown."""
    row = database.reader.row(store.SELECT_SIGNED_IN, {"fingerprint": fingerprint(token), "now": now})
    if row is None:
        return MEMORY_SESSIONS.identify(database, token)
    return Identity(
        session=store.session_of(row[: store.SESSION_FIELDS]), person=store.person_of(row[store.SESSION_FIELDS :])
    )


def token_owner(database: Database, token: str, *, now: float) -> tuple[ApiToken, Person] | None:
    """Return an API token and its owner, or None if the token has expired or is unknown."""
    if not token.startswith(API_PREFIX):
        return None
    row = database.reader.row(store.SELECT_TOKEN_OWNER, {"fingerprint": fingerprint(token), "now": now})
    return (store.token_of(row[: store.TOKEN_FIELDS]), store.person_of(row[store.TOKEN_FIELDS :])) if row else None


def sessions(database: Database, person_id: int, *, now: float) -> list[Session]:
    """Return the sessions of a person. The session that was used last comes first."""
    rows = database.reader.rows(store.SELECT_SESSIONS, {"person": person_id, "now": now})
    stored = [store.session_of(row) for row in rows]
    in_memory = MEMORY_SESSIONS.sessions_of(database, person_id)
    return sorted([*stored, *in_memory], key=lambda session: session.seen_at, reverse=True)


def api_tokens(database: Database, person_id: int) -> list[ApiToken]:
    return [store.token_of(row) for row in database.reader.rows(store.SELECT_TOKENS, (person_id,))]


def class_codes(database: Database) -> list[ClassCode]:
    """All class codes, the newest first."""
    return [store.class_of(row) for row in database.reader.rows(store.SELECT_CLASSES)]
