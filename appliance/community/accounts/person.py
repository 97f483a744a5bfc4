"""The nouns of accounts, and how signing in can go wrong."""

import msgspec

from appliance.community.accounts.permissions import Permission, Role
from appliance.errors import Conflict, NotFound, Refused, Unavailable
from appliance.infrastructure.events import one_person


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody of the house. `login` is the name they sign in with, or null for who joined by a class code and a name."""

    id: int
    name: str
    login: str | None
    role: Role
    class_code: int | None
    created_at: float

    @property
    def audience(self) -> str:
        """The name of this person alone in the audiences of events."""
        return one_person(self.id)


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """A browser that is signed in."""

    id: int
    person: int
    created_at: float
    seen_at: float
    expires_at: float
    address: str
    agent: str


class ApiToken(msgspec.Struct, frozen=True, kw_only=True):
    """What a program signs in with; the token itself is shown once and not kept."""

    id: int
    person: int
    name: str
    scopes: tuple[Permission, ...]
    created_at: float
    used_at: float | None
    expires_at: float | None


class ClassCode(msgspec.Struct, frozen=True, kw_only=True):
    """A code that lets people join with their name alone. `joined` counts them; it is open while `closed` is false."""

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
    """The sender of a request: nobody, a person in a browser (with their session), or a program (with its token's id and scopes)."""

    person: Person | None = None
    session: Session | None = None
    scopes: frozenset[Permission] | None = None
    token: int | None = None

    @property
    def role(self) -> Role:
        return self.person.role if self.person else Role.GUEST


NOBODY = Identity()


class PersonNotFound(NotFound):
    """Nobody has this number or name."""


class SignInNeeded(Refused):
    """Only somebody who is signed in may do this."""

    title = "Sign in"


class NotAllowed(Refused):
    """This person's role does not permit it."""

    title = "Not allowed"


class HttpsNeeded(Refused):
    """Plain HTTP from another machine would let others listen."""

    title = "HTTPS needed"


class SignInFailed(SignInNeeded):
    """A name or a password is wrong."""


def wrong_password() -> SignInFailed:
    """The error for a wrong name and for a wrong password: the caller must not learn which."""
    return SignInFailed(
        "The name and the password do not go together.", remedy="An administrator can set a new password."
    )


class TooManyAttempts(Unavailable):
    """Too many attempts failed; `retry_after_s` is the time until the next one is possible."""

    title = "Too many attempts"

    def __init__(self, message: str, *, remedy: str, retry_after_s: float) -> None:
        super().__init__(message, remedy=remedy)
        self.retry_after_s = retry_after_s


class AlreadySetUp(Conflict):
    """There is an administrator already."""


class CodeInvalid(Refused):
    """A set-up or class code is wrong, over, or was closed."""


class NameTaken(Conflict):
    """Somebody has this name."""


class NameInvalid(Refused):
    """A name is empty or too long."""


class RoleInvalid(Refused):
    """There is no such role, or nobody can be given it."""


class PasswordRefused(Refused):
    """A password is too short, too long, or one that is guessed first."""


class LastAdministrator(Conflict):
    """Without this person nobody could administer the house."""


class ScopeInvalid(Refused):
    """A token cannot be given what its owner may not do."""


class ClassCodeNotFound(NotFound):
    """There is no class of this number."""


class SessionNotFound(NotFound):
    """No such session of this person is signed in."""


class TokenNotFound(NotFound):
    """This person has no such token."""
