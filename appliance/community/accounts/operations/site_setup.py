"""Setting up the site: the set-up code, and the first administrator."""

from appliance.community.accounts import queries
from appliance.community.accounts.attempts import Attempts
from appliance.community.accounts.names import checked_name
from appliance.community.accounts.operations.people import add_person, count_administrators
from appliance.community.accounts.operations.sessions import SignedIn, start_session
from appliance.community.accounts.passwords import check_password, hash_password
from appliance.community.accounts.permissions import Role
from appliance.community.accounts.person import AlreadySetUp, CodeInvalid, Person
from appliance.community.accounts.secret_tokens import fingerprint, new_code, plain_code
from appliance.community.site_settings import delete_site_setting, read_site_setting, set_site_setting
from appliance.infrastructure.database import Database

SETUP_CODE_LENGTH = 8
SET_UP = "set-up code"


def new_setup_code(database: Database) -> str:
    """A code that creates the administrator once; an older one is no longer valid. Raises AlreadySetUp."""
    _refuse_set_up(database)
    code = new_code(SETUP_CODE_LENGTH)
    with database.write() as work:
        set_site_setting(work, queries.SETUP_CODE, fingerprint(plain_code(code)).hex())
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
    return start_session(
        database, create_administrator(database, name=name, password=password, code=typed), address, agent
    )


def create_administrator(database: Database, *, name: str, password: str, code: str | None = None) -> Person:
    """The first administrator; with `code`, the hash of the set-up code, only where that is still valid.

    Raises AlreadySetUp, CodeInvalid, NameInvalid or PasswordRefused.
    """
    _refuse_set_up(database)
    name = checked_name(name)
    check_password(password, name)
    kept = hash_password(password)
    with database.write() as work:
        # Another may have been quicker while the password was hashed.
        if count_administrators(work):
            raise _already_set_up()
        if code is not None and read_site_setting(work, queries.SETUP_CODE) != code:
            raise _wrong_setup_code()
        delete_site_setting(work, queries.SETUP_CODE)
        login = name.casefold()
        return add_person(work, name=name, login=login, password=kept, role=Role.ADMINISTRATOR, class_code=None)


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
