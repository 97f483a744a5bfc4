"""Sign-in with a password, and joining with a class code."""

from appliance.community.accounts import store
from appliance.community.accounts.attempts import attempt_succeeded, begin_attempt
from appliance.community.accounts.memory_sessions import MEMORY_SESSIONS
from appliance.community.accounts.names import MAX_NAME, plain_name
from appliance.community.accounts.operations.people import create_member
from appliance.community.accounts.operations.sessions import MAX_AGENT, SignedIn, start_session
from appliance.community.accounts.passwords import hash_password, is_outdated, verify_password
from appliance.community.accounts.person import CodeInvalid, wrong_password
from appliance.community.accounts.secret_tokens import plain_code
from appliance.infrastructure.database import Database
from appliance.infrastructure.database_errors import DatabaseNotWritable, DiskFailed, DiskFull

CLASS_CODE = "class code"
MAX_JOINED = 500


def sign_in(database: Database, *, login: str, password: str, address: str, agent: str, now: float) -> SignedIn:
    """Start a session. If the database cannot be written, an administrator gets a session in memory.

    Raises SignInFailed or TooManyAttempts. For other roles, raises DiskFull, DiskFailed or DatabaseNotWritable too.
    """
    login = plain_name(login).casefold()[:MAX_NAME]
    try:
        return _sign_in_by_password(database, login, password, address, agent, now)
    except (DiskFull, DiskFailed, DatabaseNotWritable) as error:
        person, token = MEMORY_SESSIONS.sign_in(
            database, login=login, password=password, address=address, agent=agent[:MAX_AGENT], error=error
        )
        return SignedIn(person=person, token=token)


def _sign_in_by_password(
    database: Database, login: str, password: str, address: str, agent: str, now: float
) -> SignedIn:
    with database.write() as work:
        attempt = begin_attempt(work, f"login {login}", address, now=now)
    row = database.reader.row(store.SELECT_BY_LOGIN, (login,))
    stored_hash = row[store.PERSON_FIELDS] if row else None
    if not verify_password(password, stored_hash) or row is None or stored_hash is None:
        raise wrong_password()
    person = store.person_of(row)
    new_hash = hash_password(password) if is_outdated(stored_hash) else None
    with database.write() as work:
        # During the check, the password may have been changed or the person removed.
        if work.value(store.SELECT_PASSWORD, (person.id,)) != stored_hash:
            raise wrong_password()
        attempt_succeeded(work, attempt)
        if new_hash:
            work.execute(store.UPDATE_PASSWORD, {"person": person.id, "password": new_hash})
        return start_session(work, person, address=address, agent=agent, now=now)


def join(database: Database, *, code: str, name: str, address: str, agent: str, now: float) -> SignedIn:
    """Make the caller a member with a class code and a name, and start a session.

    Raises CodeInvalid, TooManyAttempts, NameInvalid or NameTaken.
    """
    with database.write() as work:
        attempt = begin_attempt(work, CLASS_CODE, address, now=now)
    row = database.reader.row(store.SELECT_CLASS_BY_CODE, (plain_code(code),))
    opened = store.class_of(row) if row else None
    if opened is None or not opened.is_open(now):
        raise CodeInvalid(
            "That code doesn't match an open class.", remedy="Ask the leader of the class for the current code."
        )
    # The code was correct, so this attempt succeeded, even if the name is refused.
    with database.write() as work:
        attempt_succeeded(work, attempt)
    if opened.joined >= MAX_JOINED:
        raise CodeInvalid(f"The class {opened.name} is full.", remedy="Ask the leader to open another class.")
    with database.write() as work:
        person = create_member(work, name=name, class_code=opened.id, now=now)
        return start_session(work, person, address=address, agent=agent, now=now)
