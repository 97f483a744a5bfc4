"""Signing in by a password, and joining by a class code."""

import time

from appliance.community.accounts import store
from appliance.community.accounts.attempts import Attempts
from appliance.community.accounts.memory_sessions import MEMORY_SESSIONS
from appliance.community.accounts.names import MOST_NAME, checked_name, plain_name
from appliance.community.accounts.operations.people import add_person
from appliance.community.accounts.operations.sessions import MOST_AGENT, SignedIn, insert_session, start_session
from appliance.community.accounts.passwords import hash_password, is_outdated, is_right
from appliance.community.accounts.permissions import Role
from appliance.community.accounts.person import CodeInvalid, wrong_password
from appliance.community.accounts.secret_tokens import new_token, plain_code
from appliance.infrastructure.database import Database
from appliance.infrastructure.database_errors import DatabaseNotWritable, DiskFailed, DiskFull

MOST_JOINED = 500


def sign_in(database: Database, *, login: str, password: str, address: str, agent: str) -> SignedIn:
    """Begin a session; an administrator's is kept in memory where it cannot be written.

    Raises SignInFailed, TooManyAttempts, and for others DiskFull, DiskFailed or DatabaseNotWritable.
    """
    login = plain_name(login).casefold()[:MOST_NAME]
    try:
        return _sign_in_by_password(database, login, password, address, agent)
    except (DiskFull, DiskFailed, DatabaseNotWritable) as error:
        person, token = MEMORY_SESSIONS.sign_in(
            database, login=login, password=password, address=address, agent=agent[:MOST_AGENT], error=error
        )
        return SignedIn(person=person, token=token)


def _sign_in_by_password(database: Database, login: str, password: str, address: str, agent: str) -> SignedIn:
    attempts = Attempts(database)
    attempt = attempts.begin(f"login {login}", address)
    row = database.reader.row(store.SELECT_BY_LOGIN, (login,))
    kept = row[store.PERSON_FIELDS] if row else None
    if not is_right(password, kept) or row is None:
        raise wrong_password()
    attempts.succeeded(attempt)
    person = store.person_of(row)
    renewed = hash_password(password) if kept and is_outdated(kept) else kept
    token = new_token()
    with database.write() as work:
        # The password may have been changed, or the person removed, while this one was checked.
        if work.execute(store.SELECT_PASSWORD, (person.id,)) != [(kept,)]:
            raise wrong_password()
        if renewed != kept:
            work.execute(store.UPDATE_PASSWORD, (renewed, person.id))
        insert_session(work, person, token, address, agent)
    return SignedIn(person=person, token=token)


def join(database: Database, *, code: str, name: str, address: str, agent: str) -> SignedIn:
    """Become a member by a class code and a name. Raises CodeInvalid, TooManyAttempts, NameInvalid or NameTaken."""
    attempts = Attempts(database)
    attempt = attempts.begin("class code", address)
    row = database.reader.row(store.SELECT_CLASS_BY_CODE, (plain_code(code),))
    found = store.class_of(row) if row else None
    if found is None or not found.is_open(time.time()):
        raise CodeInvalid("No class is open under this code.", remedy="Ask the leader of the class for today's.")
    attempts.succeeded(attempt)
    if found.joined >= MOST_JOINED:
        raise CodeInvalid(f"{found.name} is full.", remedy="Ask the leader of the class to open another.")
    with database.write() as work:
        person = add_person(
            work, name=checked_name(name), login=None, password=None, role=Role.MEMBER, class_code=found.id
        )
    return start_session(database, person, address, agent)
