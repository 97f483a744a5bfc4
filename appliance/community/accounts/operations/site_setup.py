"""Set-up of the site: the set-up code, and the first administrator."""

from appliance.community.accounts import queries
from appliance.community.accounts.attempts import attempt_succeeded, begin_attempt
from appliance.community.accounts.operations.people import NewAccount, create, new_account
from appliance.community.accounts.operations.sessions import SignedIn, start_session
from appliance.community.accounts.permissions import Role
from appliance.community.accounts.person import AlreadySetUp, CodeInvalid, Person
from appliance.community.accounts.secret_tokens import fingerprint, new_code, plain_code
from appliance.community.site_settings import delete_site_setting, read_site_setting, set_site_setting
from appliance.infrastructure.database import Database, RowSource, UnitOfWork

SETUP_CODE_LENGTH = 8
SETUP_CODE = "set-up code"


def new_setup_code(work: UnitOfWork) -> str:
    """Create a set-up code that works once, and make older set-up codes invalid. Raises AlreadySetUp."""
    _refuse_set_up(work)
    code = new_code(SETUP_CODE_LENGTH)
    set_site_setting(work, queries.SETUP_CODE, _code_hash(code))
    return code


def set_up(
    database: Database, *, code: str, name: str, password: str, address: str, agent: str, now: float
) -> SignedIn:
    """Create the first administrator with the set-up code, and sign this person in.

    Raises AlreadySetUp, CodeInvalid, TooManyAttempts, NameInvalid or PasswordRefused.
    """
    _refuse_set_up(database.reader)
    with database.write() as work:
        attempt = begin_attempt(work, SETUP_CODE, address, now=now)
    code_hash = _code_hash(code)
    _refuse_wrong_code(database.reader, code_hash)
    # The code was correct, so this attempt succeeded, even if the name or the password is refused.
    with database.write() as work:
        attempt_succeeded(work, attempt)
    account = new_administrator(database.reader, name=name, password=password)
    with database.write() as work:
        # Another request may have set up the site while the password was hashed.
        _refuse_set_up(work)
        _refuse_wrong_code(work, code_hash)
        person = create_administrator(work, account, now=now)
        return start_session(work, person, address=address, agent=agent, now=now)


def new_administrator(source: RowSource, *, name: str, password: str) -> NewAccount:
    """Return the account of the first administrator. This function hashes the password, so call it before the unit of work.

    Raises AlreadySetUp, NameInvalid or PasswordRefused.
    """
    _refuse_set_up(source)
    return new_account(name=name, login=name, password=password, role=Role.ADMINISTRATOR)


def create_administrator(work: UnitOfWork, account: NewAccount, *, now: float) -> Person:
    """Store the account of the first administrator. This ends the set-up code. Raises AlreadySetUp or NameTaken."""
    _refuse_set_up(work)
    delete_site_setting(work, queries.SETUP_CODE)
    return create(work, account, now=now)


def _code_hash(code: str) -> str:
    return fingerprint(plain_code(code)).hex()


def _refuse_set_up(source: RowSource) -> None:
    if queries.has_administrator(source):
        raise AlreadySetUp("Lampstand is already set up.", remedy="Sign in, or ask an administrator for an account.")


def _refuse_wrong_code(source: RowSource, code_hash: str) -> None:
    if read_site_setting(source, queries.SETUP_CODE) != code_hash:
        raise CodeInvalid(
            "This is not the set-up code.",
            remedy="Lampstand showed the code when it was started. `lampstand users setup` needs no code.",
        )
