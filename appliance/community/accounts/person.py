"""The data types of accounts, and the errors of sign-in."""

import msgspec

from appliance.community.accounts.permissions import Permission, Role
from appliance.errors import Conflict, NotFound, Refused, Unavailable
from appliance.infrastructure.events import one_person


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """A person with an account or a class code. `login` is the username, or null if the person joined with a class code."""

    id: int
    name: str
    login: str | None
    role: Role
    class_code: int | None
    created_at: float

    @property
    def audience(self) -> str:
        """The event audience that contains only this person."""
        return one_person(self.id)


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """A signed-in browser."""

    id: int
    person: int
    created_at: float
    seen_at: float
    expires_at: float
    address: str
    agent: str


class ApiToken(msgspec.Struct, frozen=True, kw_only=True):
    """The details of an API token, with which a program signs in. The token itself is shown once and not stored."""

    id: int
    person: int
    name: str
    scopes: tuple[Permission, ...]
    created_at: float
    used_at: float | None
    expires_at: float | None


class ClassCode(msgspec.Struct, frozen=True, kw_only=True):
    """A code with which people join and give only their name. `joined` is the number of people who joined."""

    id: int
    code: str
    name: str
    opened_by: int
    created_at: float
    expires_at: float
    revoked_at: float | None
    joined: int

    def is_open(self, now: float) -> bool:
        return self.revoked_at is None and now < self.expires_at


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """The sender of a request: a guest, a person in a browser (with a session), or a program (with a token id and scopes)."""

    person: Person | None = None
    session: Session | None = None
    scopes: frozenset[Permission] | None = None
    token: int | None = None

    @property
    def role(self) -> Role:
        return self.person.role if self.person else Role.GUEST


NOBODY = Identity()


class PersonNotFound(NotFound):
    """No person has this id or name."""


class SignInNeeded(Refused):
    """The action needs a signed-in person."""

    title = "Sign in"


class NotAllowed(Refused):
    """The role of this person does not permit the action."""

    title = "Not allowed"


class HttpsNeeded(Refused):
    """The request needs HTTPS: plain HTTP from another machine can be read on the network."""

    title = "HTTPS needed"


class SignInFailed(SignInNeeded):
    """A name or a password is wrong."""


def wrong_password() -> SignInFailed:
    """The error for a wrong name and for a wrong password. The caller must not learn which one is wrong."""
    return SignInFailed("Wrong name or password.", remedy="An administrator can reset the password.")


class TooManyAttempts(Unavailable):
    """Too many attempts failed. `retry_after_s` is the time until the next attempt is possible."""

    title = "Too many attempts"

    def __init__(self, message: str, *, remedy: str, retry_after_s: float) -> None:
        super().__init__(message, remedy=remedy)
        self.retry_after_s = retry_after_s


class AlreadySetUp(Conflict):
    """The site already has an administrator."""


class CodeInvalid(Refused):
    """A set-up code or class code is wrong, expired or closed."""


class NameTaken(Conflict):
    """Another person already has this name."""


class NameInvalid(Refused):
    """A name is empty or too long."""


class RoleInvalid(Refused):
    """The role does not exist, or cannot be given to an account."""


class PasswordRefused(Refused):
    """A password is too short, too long or too easy to guess."""


class LastAdministrator(Conflict):
    """This person is the only administrator of the site."""


class ScopeInvalid(Refused):
    """A token cannot have a permission that its owner does not have."""


class ClassCodeNotFound(NotFound):
    """No class has this id."""


class SessionNotFound(NotFound):
    """This person has no session with this id."""


class TokenNotFound(NotFound):
    """This person has no token with this id."""
