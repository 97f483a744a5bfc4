"""Writes: setting up, signing in, joining, and looking after people."""

import contextlib
import time
import unicodedata

import msgspec

from appliance.community.accounts import queries, store
from appliance.community.accounts.attempts import Attempts
from appliance.community.accounts.events import append_access_changed
from appliance.community.accounts.memory_sessions import MEMORY_SESSIONS
from appliance.community.accounts.passwords import check_password, hash_password, is_outdated, is_right
from appliance.community.accounts.permissions import Role
from appliance.community.accounts.person import (
    AlreadySetUp,
    CodeInvalid,
    LastAdministrator,
    NameInvalid,
    NameTaken,
    Person,
    RoleInvalid,
    Session,
    SessionNotFound,
    SignInFailed,
    wrong_password,
)
from appliance.community.accounts.secret_tokens import fingerprint, new_code, new_token, plain_code
from appliance.community.site_settings import delete_site_setting, read_site_setting, set_site_setting
from appliance.infrastructure.database import Database, UnitOfWork
from appliance.infrastructure.database_errors import DatabaseNotWritable, DiskFailed, DiskFull
from appliance.infrastructure.events import append_event

DAY_S = 86_400.0
IDLE_S, LONGEST_S = 30 * DAY_S, 180 * DAY_S
TOUCH_EVERY_S = 300.0
SETUP_CODE_LENGTH = 8
MOST_NAME, MOST_AGENT = 60, 200
MOST_JOINED = 500
SET_UP = "set-up code"
SET_UP_EVENT = "house.set-up"


class SignedIn(msgspec.Struct, frozen=True, kw_only=True):
    """A person and the token of their new session, which is kept nowhere else."""

    person: Person
    token: str


def new_setup_code(database: Database) -> str:
    """A code that creates the administrator once; an older one is no longer valid. Raises AlreadySetUp."""
    _refuse_set_up(database)
    code = new_code(SETUP_CODE_LENGTH)
    with database.write() as work:
        set_site_setting(work, queries.SETUP_CODE, fingerprint(plain_code(code)).hex())
        work.commit()
    return code


def set_up(database: Database, *, code: str, name: str, password: str, address: str, agent: str) -> SignedIn:
    """Create the administrator by the set-up code, and sign them in.

    Raises AlreadySetUp, CodeInvalid, TooManyAttempts, NameInvalid or PasswordRefused.
    """
    _refuse_set_up(database)
    attempts = Attempts(database)
    attempt = attempts.begin(SET_UP, address)
    typed = fingerprint(plain_code(code)).hex()
    if read_site_setting(database.reader, queries.SETUP_CODE) != typed:
        raise _wrong_setup_code()
    attempts.succeeded(attempt)
    return _sign_in(database, create_administrator(database, name=name, password=password, code=typed), address, agent)


def create_administrator(database: Database, *, name: str, password: str, code: str | None = None) -> Person:
    """The first administrator; with `code`, the hash of the set-up code, only where that is still valid.

    Raises AlreadySetUp, CodeInvalid, NameInvalid or PasswordRefused.
    """
    _refuse_set_up(database)
    name = _name(name)
    check_password(password, name)
    kept = hash_password(password)
    with database.write() as work:
        # Another may have been quicker while the password was hashed.
        if _administrators(work):
            raise _already_set_up()
        if code is not None and read_site_setting(work, queries.SETUP_CODE) != code:
            raise _wrong_setup_code()
        delete_site_setting(work, queries.SETUP_CODE)
        login = name.casefold()
        person = _insert(work, name=name, login=login, password=kept, role=Role.ADMINISTRATOR, class_code=None)
        work.commit()
    return person


def create(database: Database, *, name: str, login: str, password: str, role: Role) -> Person:
    """Somebody with an account. Raises NameInvalid, NameTaken, RoleInvalid or PasswordRefused."""
    name, login = _name(name), _name(login).casefold()
    _refuse_guests(role)
    check_password(password, name, login)
    kept = hash_password(password)
    with database.write() as work:
        person = _insert(work, name=name, login=login, password=kept, role=role, class_code=None)
        work.commit()
    return person


def sign_in(database: Database, *, login: str, password: str, address: str, agent: str) -> SignedIn:
    """Begin a session; an administrator's is kept in memory where it cannot be written.

    Raises SignInFailed, TooManyAttempts, and for others DiskFull, DiskFailed or DatabaseNotWritable.
    """
    login = _plain(login).casefold()[:MOST_NAME]
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
        _insert_session(work, person, token, address, agent)
        work.commit()
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
        person = _insert(work, name=_name(name), login=None, password=None, role=Role.MEMBER, class_code=found.id)
        work.commit()
    return _sign_in(database, person, address, agent)


def is_due(session: Session) -> bool:
    """True where it is time to note that a session is used: every five minutes."""
    return time.time() - session.seen_at >= TOUCH_EVERY_S


def touch(database: Database, session: Session, *, now: float | None = None) -> None:
    """Note that a session is used: it lasts on for a month, and half a year in all."""
    now = time.time() if now is None else now
    with database.write() as work:
        # Never earlier than it was to end: a clock that was behind for a while signs nobody out.
        expires_at = max(session.expires_at, min(now + IDLE_S, session.created_at + LONGEST_S))
        work.execute(store.TOUCH_SESSION, (now, expires_at, session.id))
        work.commit()


def end_session(database: Database, *, person: int, session: int) -> None:
    """Sign out one browser of a person. Raises SessionNotFound."""
    if MEMORY_SESSIONS.end(database, person=person, session=session):
        # On a disk that is still full, open streams end with their next heartbeat instead of at once.
        with contextlib.suppress(DiskFull, DiskFailed, DatabaseNotWritable), database.write() as work:
            append_access_changed(work, person)
            work.commit()
        return
    with database.write() as work:
        work.execute(store.DELETE_SESSION, (session, person))
        if not work.changes:
            raise SessionNotFound("This session is over already.", remedy="Nothing needs to be done.")
        append_access_changed(work, person)
        work.commit()


def end_all_sessions(database: Database) -> None:
    """Sign everybody out, in a backup that is restored: it has sessions that were ended since. May be an old version."""
    with database.write() as work:
        if work.execute(store.HAS_SESSIONS):
            work.execute(store.DELETE_ALL_SESSIONS)
        work.commit()


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


def take_account(database: Database, *, person: Person, login: str, password: str) -> Person:
    """Give somebody who joined by a class code a name and password of their own, so that they can come back.

    Raises NameInvalid, NameTaken or PasswordRefused.
    """
    login = _name(login).casefold()
    if person.login is not None:
        raise NameTaken("You have an account already.", remedy="Change its password instead.")
    check_password(password, person.name, login)
    kept = hash_password(password)
    with database.write() as work:
        _refuse_taken(work, login, but=person.id)
        work.execute(store.UPDATE_LOGIN, (login, kept, person.id))
        work.commit()
    return queries.person(database, person.id)


def reset_password(database: Database, *, person: Person, password: str) -> None:
    """Set a person's password for them, which ends all their sessions and API tokens. Raises PasswordRefused."""
    _set_password(database, person, password, keep=None, remove_tokens=True)


def set_role(database: Database, *, person: Person, role: Role) -> Person:
    """Raises LastAdministrator or RoleInvalid."""
    _refuse_guests(role)
    with database.write() as work:
        _keep_an_administrator(work, person, role)
        before = _administrators(work)
        work.execute(store.UPDATE_ROLE, (role.value, person.id))
        append_access_changed(work, person.id)
        _tell_if_set_up(work, before, person.name)
        work.commit()
    return queries.person(database, person.id)


def remove(database: Database, *, person: Person) -> None:
    """Remove somebody, with their sessions and tokens. Raises LastAdministrator."""
    with database.write() as work:
        _keep_an_administrator(work, person, None)
        work.execute(store.DELETE_PERSON, (person.id,))
        append_access_changed(work, person.id)
        work.commit()
    MEMORY_SESSIONS.end_all(database, person=person.id)


def let_guests_read(database: Database, *, allowed: bool) -> None:
    """Set whether people who are not signed in may read and search."""
    with database.write() as work:
        set_site_setting(work, queries.GUESTS_MAY_READ, allowed)
        append_event(work, "house.changed", {queries.GUESTS_MAY_READ: allowed}, "administrators")
        append_access_changed(work, None)
        work.commit()


def forget(database: Database, _before: float) -> int:
    """Drop the sessions that are over; how many those were."""
    with database.write() as work:
        work.execute(store.DELETE_EXPIRED_SESSIONS, (time.time(),))
        dropped = work.changes
        work.commit()
    return dropped


def _refuse_set_up(database: Database) -> None:
    if queries.is_set_up(database):
        raise _already_set_up()


def _already_set_up() -> AlreadySetUp:
    return AlreadySetUp("There is an administrator already.", remedy="Sign in, or ask them for an account.")


def _wrong_setup_code() -> CodeInvalid:
    return CodeInvalid(
        "This is not the set-up code.",
        remedy="It was printed where Lampstand was started; `lampstand users setup` needs none.",
    )


def _refuse_guests(role: Role) -> None:
    if role is Role.GUEST:
        raise RoleInvalid("An account cannot have the role guest.", remedy="Make this person a member, or remove them.")


def _administrators(work: UnitOfWork) -> int:
    return int(work.execute(store.COUNT_ADMINISTRATORS)[0][0])


def _tell_if_set_up(work: UnitOfWork, before: int, name: str) -> None:
    """The first administrator opens the house: who waits for that hears of it."""
    if before == 0 and _administrators(work):
        append_event(work, SET_UP_EVENT, {"administrator": name}, "administrators")


def _plain(name: str) -> str:
    """A name as it is kept and compared: one form of each letter, single spaces."""
    return " ".join(unicodedata.normalize("NFC", name).split())


def _name(name: str) -> str:
    name = _plain(name)
    if not name or len(name) > MOST_NAME or not name.isprintable():
        raise NameInvalid("A name of 1 to 60 letters is needed.", remedy="A first name will do.")
    return name


def _refuse_taken(work: UnitOfWork, *names: str, but: int = 0) -> None:
    """No name is another's, neither to be called by nor to sign in with, in any case."""
    wanted = {name.casefold() for name in names}
    for person, *taken in work.execute(store.SELECT_NAMES):
        if person != but and wanted & {name.casefold() for name in taken if name}:
            raise NameTaken(f"There is a {names[0]} already.", remedy="Add an initial or a second name.")


def _insert(
    work: UnitOfWork, *, name: str, login: str | None, password: str | None, role: Role, class_code: int | None
) -> Person:
    _refuse_taken(work, name, login or name)
    before, now = _administrators(work), time.time()
    row = {"name": name, "login": login, "password": password, "role": role.value, "class_code": class_code, "now": now}
    work.execute(store.INSERT_PERSON, row)
    person = store.person_of(work.execute(store.SELECT_PERSON, (work.last_insert_id,))[0])
    append_event(work, "person.joined", {"id": person.id, "name": person.name, "role": person.role.value}, "leaders")
    _tell_if_set_up(work, before, person.name)
    return person


def _sign_in(database: Database, person: Person, address: str, agent: str) -> SignedIn:
    token = new_token()
    with database.write() as work:
        _insert_session(work, person, token, address, agent)
        work.commit()
    return SignedIn(person=person, token=token)


def _insert_session(work: UnitOfWork, person: Person, token: str, address: str, agent: str) -> None:
    now = time.time()
    row = {"fingerprint": fingerprint(token), "person": person.id, "now": now, "expires_at": now + IDLE_S}
    work.execute(store.INSERT_SESSION, row | {"address": address, "agent": agent[:MOST_AGENT]})


def _set_password(database: Database, person: Person, password: str, *, keep: int | None, remove_tokens: bool) -> None:
    check_password(password, person.name, person.login or "")
    kept = hash_password(password)
    with database.write() as work:
        work.execute(store.UPDATE_PASSWORD, (kept, person.id))
        work.execute(store.DELETE_OTHER_SESSIONS, (person.id, keep))
        if remove_tokens:
            work.execute(store.DELETE_TOKENS, (person.id,))
        append_access_changed(work, person.id)
        work.commit()
    MEMORY_SESSIONS.end_all(database, person=person.id)


def _keep_an_administrator(work: UnitOfWork, person: Person, role: Role | None) -> None:
    last = _administrators(work) == 1
    if person.role is Role.ADMINISTRATOR and role is not Role.ADMINISTRATOR and last:
        raise LastAdministrator(
            f"{person.name} is the only administrator.", remedy="Make somebody else an administrator first."
        )
