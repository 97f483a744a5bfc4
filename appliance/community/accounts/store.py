"""The SQL statements of accounts, for appliance.db. Only the package `community` uses them."""

from appliance.community.accounts.permissions import Permission, Role
from appliance.community.accounts.person import ApiToken, ClassCode, Person, Session
from appliance.community.site_settings import CREATE_SITE_SETTINGS, RENAME_SITE_SETTINGS
from appliance.infrastructure.database import Row, UnitOfWork

SCHEMA = """
CREATE TABLE people (
    id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, login TEXT UNIQUE, password TEXT, role TEXT NOT NULL,
    class_code INTEGER REFERENCES class_codes (id) ON DELETE SET NULL, created_at REAL NOT NULL
);
CREATE TABLE class_codes (
    id INTEGER PRIMARY KEY AUTOINCREMENT, code TEXT NOT NULL UNIQUE, name TEXT NOT NULL,
    opened_by INTEGER NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    created_at REAL NOT NULL, expires_at REAL NOT NULL, revoked_at REAL
);
CREATE TABLE sessions (
    id INTEGER PRIMARY KEY AUTOINCREMENT, fingerprint BLOB NOT NULL UNIQUE,
    person INTEGER NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    created_at REAL NOT NULL, seen_at REAL NOT NULL, expires_at REAL NOT NULL, address TEXT NOT NULL, agent TEXT NOT NULL
);
CREATE INDEX sessions_person ON sessions (person);
CREATE TABLE api_tokens (
    id INTEGER PRIMARY KEY AUTOINCREMENT, fingerprint BLOB NOT NULL UNIQUE,
    person INTEGER NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    name TEXT NOT NULL, scopes TEXT NOT NULL, created_at REAL NOT NULL, used_at REAL, expires_at REAL
);
CREATE INDEX api_tokens_person ON api_tokens (person);
CREATE TABLE attempts (what TEXT NOT NULL, at REAL NOT NULL);
CREATE INDEX attempts_what ON attempts (what, at)
"""

PERSON = "people.id, people.name, people.login, people.role, people.class_code, people.created_at"
SESSION = "sessions.id, sessions.person, sessions.created_at, sessions.seen_at, sessions.expires_at, sessions.address, sessions.agent"
TOKEN = (
    "api_tokens.id, api_tokens.person, api_tokens.name, api_tokens.scopes, api_tokens.created_at, api_tokens.used_at, "
    "api_tokens.expires_at"
)
CLASS = (
    "id, code, name, opened_by, created_at, expires_at, revoked_at, "
    "(SELECT count(*) FROM people WHERE class_code = class_codes.id)"
)

SELECT_PERSON = f"SELECT {PERSON} FROM people WHERE id = ?"
SELECT_PEOPLE = f"SELECT {PERSON} FROM people ORDER BY name COLLATE NOCASE, id"
SELECT_BY_LOGIN = f"SELECT {PERSON}, password FROM people WHERE login = ?"
SELECT_NAMES = "SELECT id, name, login FROM people"
SELECT_PASSWORD = "SELECT password FROM people WHERE id = ?"
SELECT_ROLES = "SELECT id, role FROM people ORDER BY id"
SELECT_ADMINISTRATORS = "SELECT id FROM people WHERE role = 'administrator'"
COUNT_ADMINISTRATORS = "SELECT count(*) FROM people WHERE role = 'administrator'"
INSERT_PERSON = (
    "INSERT INTO people (name, login, password, role, class_code, created_at) "
    "VALUES (:name, :login, :password, :role, :class_code, :now)"
)
UPDATE_PASSWORD = "UPDATE people SET password = :password WHERE id = :person"
UPDATE_LOGIN = "UPDATE people SET login = :login, password = :password WHERE id = :person"
UPDATE_ROLE = "UPDATE people SET role = :role WHERE id = :person"
DELETE_PERSON = "DELETE FROM people WHERE id = ?"

SELECT_SIGNED_IN = f"""
SELECT {SESSION}, {PERSON} FROM sessions JOIN people ON people.id = sessions.person
WHERE fingerprint = :fingerprint AND expires_at > :now
"""
SELECT_SESSIONS = f"SELECT {SESSION} FROM sessions WHERE person = :person AND expires_at > :now ORDER BY seen_at DESC"
INSERT_SESSION = (
    "INSERT INTO sessions (fingerprint, person, created_at, seen_at, expires_at, address, agent) "
    "VALUES (:fingerprint, :person, :now, :now, :expires_at, :address, :agent)"
)
TOUCH_SESSION = "UPDATE sessions SET seen_at = :now, expires_at = :expires_at WHERE id = :session"
DELETE_SESSION = "DELETE FROM sessions WHERE id = :session AND person = :person"
HAS_SESSIONS = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'sessions'"
DELETE_ALL_SESSIONS = "DELETE FROM sessions"
DELETE_OTHER_SESSIONS = "DELETE FROM sessions WHERE person = :person AND id IS NOT :session"
DELETE_SESSIONS_OF_CLASS = (
    "DELETE FROM sessions WHERE person IN (SELECT id FROM people WHERE class_code = ? AND login IS NULL)"
)
DELETE_TOKENS_OF_CLASS = (
    "DELETE FROM api_tokens WHERE person IN (SELECT id FROM people WHERE class_code = ? AND login IS NULL)"
)
SELECT_ONLY_OF_CLASS = "SELECT id FROM people WHERE class_code = ? AND login IS NULL"
DELETE_EXPIRED_SESSIONS = "DELETE FROM sessions WHERE expires_at < ?"

SELECT_TOKEN_OWNER = f"""
SELECT {TOKEN}, {PERSON} FROM api_tokens JOIN people ON people.id = api_tokens.person
WHERE fingerprint = :fingerprint AND coalesce(expires_at, :now + 1) > :now
"""
SELECT_TOKENS = f"SELECT {TOKEN} FROM api_tokens WHERE person = ? ORDER BY id DESC"
SELECT_TOKEN = f"SELECT {TOKEN} FROM api_tokens WHERE id = ?"
INSERT_TOKEN = (
    "INSERT INTO api_tokens (fingerprint, person, name, scopes, created_at, expires_at) "
    "VALUES (:fingerprint, :person, :name, :scopes, :now, :expires_at)"
)
TOUCH_TOKEN = "UPDATE api_tokens SET used_at = :now WHERE id = :token"
DELETE_TOKENS = "DELETE FROM api_tokens WHERE person = ?"
DELETE_TOKEN = "DELETE FROM api_tokens WHERE id = :token AND person = :person"

SELECT_CLASS = f"SELECT {CLASS} FROM class_codes WHERE id = ?"
SELECT_CLASS_BY_CODE = f"SELECT {CLASS} FROM class_codes WHERE code = ?"
SELECT_CLASSES = f"SELECT {CLASS} FROM class_codes ORDER BY id DESC"
INSERT_CLASS = "INSERT INTO class_codes (code, name, opened_by, created_at, expires_at) VALUES (:code, :name, :opened_by, :now, :expires_at)"
REVOKE_CLASS = "UPDATE class_codes SET revoked_at = :now WHERE id = :class AND revoked_at IS NULL"

# If a clock was set back, stored attempts can be in the future. Attempts more than 15 minutes ahead do not count.
COUNT_ATTEMPTS = "SELECT count(*), min(at) FROM attempts WHERE what = :what AND at > :since AND at < :since + 1800"
INSERT_ATTEMPT = "INSERT INTO attempts (what, at) VALUES (:what, :at)"
DELETE_ATTEMPT = "DELETE FROM attempts WHERE rowid = ?"
DELETE_ATTEMPTS = "DELETE FROM attempts WHERE what = ?"
DELETE_OLD_ATTEMPTS = "DELETE FROM attempts WHERE at < :since OR at > :since + 1800"

RENAME_EVENTS = """
UPDATE events SET kind = 'site.set-up' WHERE kind = 'house.set-up';
UPDATE events SET kind = 'site.changed' WHERE kind = 'house.changed';
"""
RENAME_SCOPES = (
    "UPDATE api_tokens SET scopes = trim("
    "replace(replace(' ' || scopes || ' ', ' own ', ' manage-account '), ' lead ', ' manage-classes '))"
)

PERSON_FIELDS, SESSION_FIELDS, TOKEN_FIELDS = 6, 7, 7


def m005_accounts(work: UnitOfWork) -> None:
    work.execute_script(SCHEMA)
    work.execute(CREATE_SITE_SETTINGS)


def m008_plain_names(work: UnitOfWork) -> None:
    """Rename the table of site settings, two types of events, and two scopes of API tokens."""
    work.execute_script(RENAME_SITE_SETTINGS)
    work.execute_script(RENAME_EVENTS)
    work.execute(RENAME_SCOPES)


def person_of(row: Row) -> Person:
    return Person(id=row[0], name=row[1], login=row[2], role=Role(row[3]), class_code=row[4], created_at=row[5])


def session_of(row: Row) -> Session:
    return Session(
        id=row[0], person=row[1], created_at=row[2], seen_at=row[3], expires_at=row[4], address=row[5], agent=row[6]
    )


def token_of(row: Row) -> ApiToken:
    return ApiToken(
        id=row[0],
        person=row[1],
        name=row[2],
        scopes=tuple(map(Permission, row[3].split())),
        created_at=row[4],
        used_at=row[5],
        expires_at=row[6],
    )


def class_of(row: Row) -> ClassCode:
    return ClassCode(
        id=row[0],
        code=row[1],
        name=row[2],
        opened_by=row[3],
        created_at=row[4],
        expires_at=row[5],
        revoked_at=row[6],
        joined=row[7],
    )
