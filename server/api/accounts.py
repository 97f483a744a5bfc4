"""Signing in and out, and the caller's own account."""

from typing import Annotated

import msgspec
from litestar import Controller, Response, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from appliance.community.accounts import queries
from appliance.community.accounts.operations import (
    api_tokens,
    password_changes,
    people,
    sessions,
    signing_in,
    site_setup,
)
from appliance.community.accounts.permissions import Permission, Role
from appliance.community.accounts.person import (
    ApiToken,
    Identity,
    Person,
    Session,
)
from appliance.community.accounts.secret_tokens import csrf_token
from appliance.infrastructure.database import Database
from server.http.access import address_of, may, rule
from server.http.sessions import (
    BROWSER_ONLY,
    CLEAR_CACHE,
    AnyRequest,
    agent_of,
    end_own_session,
    removed_cookie,
    session_cookie,
)
from server.http.threads import Kind, in_threads_for

MAX_DAYS = 3650


class Me(msgspec.Struct, frozen=True, kw_only=True):
    """The caller and their permissions. A browser sends `csrf_token` in the header X-CSRF-Token of each change."""

    person: Person | None
    role: Role
    permissions: list[Permission]
    csrf_token: str


class SignIn(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    password: str


class SetUp(msgspec.Struct, frozen=True, kw_only=True):
    code: str
    name: str
    password: str


class Join(msgspec.Struct, frozen=True, kw_only=True):
    code: str
    name: str


class PasswordChange(msgspec.Struct, frozen=True, kw_only=True):
    """With `remove_tokens`, all API tokens of this person are deleted too. Without it, their API tokens stay valid."""

    old: str
    new: str
    remove_tokens: bool = False


class TokenRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A new API token: its name, its scopes and the days until it expires. If `days` is null, it never expires."""

    name: str
    scopes: list[Permission]
    days: Annotated[float, msgspec.Meta(gt=0, le=MAX_DAYS)] | None = 365.0


class SessionList(msgspec.Struct, frozen=True, kw_only=True):
    """`current` is the session of this request."""

    sessions: list[Session]
    current: int | None


class TokenList(msgspec.Struct, frozen=True):
    tokens: list[ApiToken]


def _me(identity: Identity, csrf: str, appliance_db: Database) -> Me:
    guests = queries.guests_may_read(appliance_db)
    allowed = [
        permission
        for permission in Permission
        if may(identity, permission, guests_may_read=guests or identity.person is not None)
    ]
    return Me(person=identity.person, role=identity.role, permissions=allowed, csrf_token=csrf)


def _signed_in(
    request: AnyRequest, appliance_db: Database, identity: Identity, signed_in: sessions.SignedIn, now: float
) -> Response[Me]:
    """The answer to a successful sign-in. The client's previous session ends."""
    end_own_session(appliance_db, identity, now)
    identity = queries.identify_session(appliance_db, signed_in.token, now=now)
    me = _me(identity, csrf_token(signed_in.token), appliance_db)
    return Response(me, status_code=201, cookies=[session_cookie(request, signed_in.token)])


class SessionController(Controller):
    tags = ("Accounts",)
    opt = rule(Permission.PUBLIC)

    @get(
        "/session",
        sync_to_thread=True,
        opt=rule(Permission.PUBLIC, plain=True),
        summary="The caller and their permissions",
    )
    def me(
        self, request: AnyRequest, appliance_db: NamedDependency[Database], identity: NamedDependency[Identity]
    ) -> Me:
        return _me(identity, request.auth, appliance_db)

    @post("/session", sync_to_thread=True, opt=in_threads_for(Kind.SIGN_IN), summary="Sign in")
    def sign_in(
        self,
        request: AnyRequest,
        appliance_db: NamedDependency[Database],
        identity: NamedDependency[Identity],
        now: NamedDependency[float],
        data: JSONBody[SignIn],
    ) -> Response[Me]:
        signed_in = signing_in.sign_in(
            appliance_db,
            login=data.name,
            password=data.password,
            address=address_of(request),
            agent=agent_of(request),
            now=now,
        )
        return _signed_in(request, appliance_db, identity, signed_in, now)

    @delete("/session", status_code=200, sync_to_thread=True, summary="Sign out")
    def sign_out(
        self,
        request: AnyRequest,
        appliance_db: NamedDependency[Database],
        identity: NamedDependency[Identity],
        now: NamedDependency[float],
    ) -> Response[None]:
        end_own_session(appliance_db, identity, now)
        return Response(None, cookies=[removed_cookie(request)], headers=CLEAR_CACHE)

    @post(
        "/setup",
        sync_to_thread=True,
        opt=in_threads_for(Kind.SIGN_IN),
        summary="Create the administrator with the set-up code",
    )
    def set_up(
        self,
        request: AnyRequest,
        appliance_db: NamedDependency[Database],
        identity: NamedDependency[Identity],
        now: NamedDependency[float],
        data: JSONBody[SetUp],
    ) -> Response[Me]:
        signed_in = site_setup.set_up(
            appliance_db,
            code=data.code,
            name=data.name,
            password=data.password,
            address=address_of(request),
            agent=agent_of(request),
            now=now,
        )
        return _signed_in(request, appliance_db, identity, signed_in, now)

    @post("/join", sync_to_thread=True, opt=in_threads_for(Kind.SIGN_IN), summary="Join a class with a class code")
    def join(
        self,
        request: AnyRequest,
        appliance_db: NamedDependency[Database],
        identity: NamedDependency[Identity],
        now: NamedDependency[float],
        data: JSONBody[Join],
    ) -> Response[Me]:
        signed_in = signing_in.join(
            appliance_db,
            code=data.code,
            name=data.name,
            address=address_of(request),
            agent=agent_of(request),
            now=now,
        )
        return _signed_in(request, appliance_db, identity, signed_in, now)


class AccountController(Controller):
    path = "/account"
    tags = ("Accounts",)
    opt = rule(Permission.MANAGE_ACCOUNT)

    @get("/sessions", sync_to_thread=True, summary="The caller's sessions")
    def sessions(
        self,
        appliance_db: NamedDependency[Database],
        me: NamedDependency[Person],
        identity: NamedDependency[Identity],
        now: NamedDependency[float],
    ) -> SessionList:
        return SessionList(
            sessions=queries.sessions(appliance_db, me.id, now=now),
            current=identity.session.id if identity.session else None,
        )

    @delete("/sessions/{session_id:int}", status_code=200, sync_to_thread=True, summary="End a session")
    def end_session(
        self,
        appliance_db: NamedDependency[Database],
        me: NamedDependency[Person],
        now: NamedDependency[float],
        session_id: FromPath[int],
    ) -> None:
        sessions.end_session(appliance_db, person=me.id, session=session_id, now=now)

    @post(
        "/password",
        status_code=200,
        sync_to_thread=True,
        opt=BROWSER_ONLY | in_threads_for(Kind.SIGN_IN),
        summary="Change the caller's password; the caller's other sessions end, and on request the API tokens",
    )
    def change_password(
        self,
        request: AnyRequest,
        appliance_db: NamedDependency[Database],
        me: NamedDependency[Person],
        identity: NamedDependency[Identity],
        now: NamedDependency[float],
        data: JSONBody[PasswordChange],
    ) -> None:
        password_changes.change_password(
            appliance_db,
            person=me,
            old=data.old,
            new=data.new,
            session=identity.session.id if identity.session else None,
            address=address_of(request),
            remove_tokens=data.remove_tokens,
            now=now,
        )

    @post(
        "/login",
        status_code=200,
        sync_to_thread=True,
        opt=BROWSER_ONLY | in_threads_for(Kind.SIGN_IN),
        summary="Add a user name and a password to the caller's account, if it has none",
    )
    def take_account(
        self, appliance_db: NamedDependency[Database], me: NamedDependency[Person], data: JSONBody[SignIn]
    ) -> Person:
        account = people.new_account_of(me, login=data.name, password=data.password)
        with appliance_db.write() as work:
            return people.take_account(work, me, account)

    @get("/tokens", sync_to_thread=True, summary="The caller's API tokens")
    def tokens(self, appliance_db: NamedDependency[Database], me: NamedDependency[Person]) -> TokenList:
        return TokenList(queries.api_tokens(appliance_db, me.id))

    @post("/tokens", sync_to_thread=True, opt=BROWSER_ONLY, summary="Create an API token; it is shown only once")
    def create_token(
        self,
        appliance_db: NamedDependency[Database],
        me: NamedDependency[Person],
        now: NamedDependency[float],
        data: JSONBody[TokenRequest],
    ) -> api_tokens.NewToken:
        with appliance_db.write() as work:
            return api_tokens.create_token(work, person=me, name=data.name, scopes=data.scopes, days=data.days, now=now)

    @delete("/tokens/{token_id:int}", status_code=200, sync_to_thread=True, summary="Delete an API token")
    def remove_token(
        self,
        appliance_db: NamedDependency[Database],
        me: NamedDependency[Person],
        now: NamedDependency[float],
        token_id: FromPath[int],
    ) -> None:
        with appliance_db.write() as work:
            api_tokens.remove_token(work, person=me.id, token=token_id, now=now)
