"""Writes: new passwords, which end sessions and API tokens."""

from appliance.community.accounts import store
from appliance.community.accounts.attempts import Attempts
from appliance.community.accounts.events import append_access_changed
from appliance.community.accounts.memory_sessions import MEMORY_SESSIONS
from appliance.community.accounts.passwords import check_password, hash_password, is_right
from appliance.community.accounts.person import Person, SignInFailed
from appliance.infrastructure.database import Database


def change_password(
    database: Database,
    *,
    person: Person,
    old: str,
    new: str,
    session: int | None,
    address: str,
    remove_tokens: bool = False,
) -> None:
    """Set one's own password, which ends one's other sessions, and with `remove_tokens` one's API tokens too.

    Raises SignInFailed, TooManyAttempts or PasswordRefused.
    """
    attempts = Attempts(database)
    attempt = attempts.begin(f"login {person.login}", address)
    if not is_right(old, database.reader.value(store.SELECT_PASSWORD, (person.id,))):
        raise SignInFailed("The old password is not right.", remedy="An administrator can set a new one.")
    attempts.succeeded(attempt)
    _set_password(database, person, new, keep=session, remove_tokens=remove_tokens)


def reset_password(database: Database, *, person: Person, password: str) -> None:
    """Set a person's password for them, which ends all their sessions and API tokens. Raises PasswordRefused."""
    _set_password(database, person, password, keep=None, remove_tokens=True)


def _set_password(database: Database, person: Person, password: str, *, keep: int | None, remove_tokens: bool) -> None:
    check_password(password, person.name, person.login or "")
    kept = hash_password(password)
    with database.write() as work:
        work.execute(store.UPDATE_PASSWORD, (kept, person.id))
        work.execute(store.DELETE_OTHER_SESSIONS, (person.id, keep))
        if remove_tokens:
            work.execute(store.DELETE_TOKENS, (person.id,))
        append_access_changed(work, person.id)
    MEMORY_SESSIONS.end_all(database, person=person.id)
