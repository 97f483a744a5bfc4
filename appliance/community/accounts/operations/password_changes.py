"""New passwords, which end sessions and API tokens."""

from appliance.community.accounts import store
from appliance.community.accounts.attempts import attempt_succeeded, begin_attempt
from appliance.community.accounts.events import append_access_changed
from appliance.community.accounts.passwords import PasswordHash, hash_new_password, is_right
from appliance.community.accounts.person import Person, SignInFailed
from appliance.infrastructure.database import Database, UnitOfWork


def new_password_hash(person: Person, password: str) -> PasswordHash:
    """The hash of a new password of a person, for `reset_password`. Raises PasswordRefused."""
    return hash_new_password(password, person.name, person.login or "")


def change_password(
    database: Database,
    *,
    person: Person,
    old: str,
    new: str,
    session: int | None,
    address: str,
    now: float,
    remove_tokens: bool = False,
) -> None:
    """Set one's own password, which ends one's other sessions, and with `remove_tokens` one's API tokens too.

    Raises SignInFailed, TooManyAttempts or PasswordRefused.
    """
    with database.write() as work:
        attempt = begin_attempt(work, f"login {person.login}", address, now=now)
    if not is_right(old, database.reader.value(store.SELECT_PASSWORD, (person.id,))):
        raise SignInFailed("The old password is not right.", remedy="An administrator can set a new one.")
    # The old password is right, whatever is wrong with the new one.
    with database.write() as work:
        attempt_succeeded(work, attempt)
    password_hash = new_password_hash(person, new)
    with database.write() as work:
        _set_password(work, person, password_hash, keep=session, now=now)
        if remove_tokens:
            work.execute(store.DELETE_TOKENS, (person.id,))


def reset_password(work: UnitOfWork, person: Person, password_hash: PasswordHash, *, now: float) -> None:
    """Set a person's password for them, which ends all their sessions and API tokens."""
    _set_password(work, person, password_hash, keep=None, now=now)
    work.execute(store.DELETE_TOKENS, (person.id,))


def _set_password(
    work: UnitOfWork, person: Person, password_hash: PasswordHash, *, keep: int | None, now: float
) -> None:
    """Sessions in memory end too: they are valid with the password that they began with only."""
    work.execute(store.UPDATE_PASSWORD, {"person": person.id, "password": password_hash})
    work.execute(store.DELETE_OTHER_SESSIONS, {"person": person.id, "session": keep})
    append_access_changed(work, person.id, now=now)
