"""Password changes, which end sessions and API tokens."""

from appliance.community.accounts import store
from appliance.community.accounts.attempts import attempt_succeeded, begin_attempt
from appliance.community.accounts.events import append_access_changed
from appliance.community.accounts.passwords import PasswordHash, hash_new_password, verify_password
from appliance.community.accounts.person import Person, SignInFailed
from appliance.infrastructure.database import Database, UnitOfWork


def new_password_hash(person: Person, password: str) -> PasswordHash:
    """Return the hash of a person's new password, for `reset_password`. Raises PasswordRefused."""
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
    """Change the password of a person who knows the old password. All other sessions than `session` end.

    `remove_tokens` also removes the API tokens of the person. Raises SignInFailed, TooManyAttempts or PasswordRefused.
    """
    with database.write() as work:
        attempt = begin_attempt(work, f"login {person.login}", address, now=now)
    if not verify_password(old, database.reader.value(store.SELECT_PASSWORD, (person.id,))):
        raise SignInFailed("The current password is wrong.", remedy="An administrator can reset the password.")
    # The old password was correct, so this attempt succeeded, even if the new password is refused.
    with database.write() as work:
        attempt_succeeded(work, attempt)
    password_hash = new_password_hash(person, new)
    with database.write() as work:
        _set_password(work, person, password_hash, keep=session, now=now)
        if remove_tokens:
            work.execute(store.DELETE_TOKENS, (person.id,))


def reset_password(work: UnitOfWork, person: Person, password_hash: PasswordHash, *, now: float) -> None:
    """Set a new password for a person. All sessions and API tokens of the person end."""
    _set_password(work, person, password_hash, keep=None, now=now)
    work.execute(store.DELETE_TOKENS, (person.id,))


def _set_password(
    work: UnitOfWork, person: Person, password_hash: PasswordHash, *, keep: int | None, now: float
) -> None:
    """Store a password and end the other sessions. Sessions in memory end too: they need the old password."""
    work.execute(store.UPDATE_PASSWORD, {"person": person.id, "password": password_hash})
    work.execute(store.DELETE_OTHER_SESSIONS, {"person": person.id, "session": keep})
    append_access_changed(work, person.id, now=now)
