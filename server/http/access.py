"""Who a request comes from, and the one guard that says whether it may have what it asks for.

Every route declares a rule: the permission it needs. A route without one is closed to everybody. Accounts exist on
connections that nobody overhears: over TLS, and on the machine itself. Over plain HTTP from another machine everyone is
a guest who may read, and what needs more is sent to HTTPS.
"""

import asyncio
import contextlib
import ipaddress
from collections.abc import Callable
from typing import Any
from urllib.parse import SplitResult, urlsplit

from litestar import Request, WebSocket
from litestar.connection import ASGIConnection
from litestar.exceptions import WebSocketException
from litestar.handlers.base import BaseRouteHandler
from litestar.middleware.authentication import AbstractAuthenticationMiddleware, AuthenticationResult
from litestar.types import ASGIApp

from appliance.community.accounts import queries
from appliance.community.accounts.operations import api_tokens, sessions
from appliance.community.accounts.permissions import Permission, Role, audiences, permits
from appliance.community.accounts.person import NOBODY, HttpsNeeded, Identity, NotAllowed, SignInNeeded
from appliance.community.accounts.secret_tokens import csrf_token, same
from appliance.community.notifications import queries as notifications
from appliance.errors import ApplianceError, Refused
from appliance.infrastructure.clock import Clock
from appliance.infrastructure.database import Database, UnitOfWork
from appliance.infrastructure.events import EVERYONE
from server.http.limits import requester_of
from server.http.threads import KIND, KIND_OPTION, REQUESTER, Kind

Connection = ASGIConnection[Any, Any, Any, Any]

PERMISSION, PLAIN, BROWSER = "permission", "plain", "browser"
COOKIE_LOCAL, COOKIE_TLS = "lampstand", "__Host-lampstand"
CSRF_HEADER, CSRF_FIELD = "x-csrf-token", "csrf"
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
HTTPS_PORT = 443
UNAUTHORIZED, FORBIDDEN = 4401, 4403
LOCAL_NAMES = ("localhost", "127.0.0.1", "::1")


class CrossSite(NotAllowed):
    """A page of another site, or an outdated page of this one, asked for a change."""

    title = "Forbidden"


def rule(permission: Permission, *, plain: bool | None = None, browser: bool = False) -> dict[str, Any]:
    """What a route declares as its `opt`: who may use it, and whether it is open over plain HTTP from other machines.

    Without a word about that, what may be read is, and nothing else. With `browser`, no program's token will do.
    """
    open_to_all = permission is Permission.READ if plain is None else plain
    return {PERMISSION: permission, PLAIN: open_to_all, BROWSER: browser}


def is_overheard(connection: Connection) -> bool:
    """True for plain HTTP that comes from another machine, or by another name than this machine's own for itself."""
    if connection.scope.get("scheme") in ("https", "wss"):
        return False
    return not (_is_loopback(address_of(connection)) and host_of(connection) in LOCAL_NAMES)


def address_of(connection: Connection) -> str:
    """Where a request comes from, by its connection."""
    return connection.client.host if connection.client else ""


def host_of(connection: Connection) -> str:
    """The name that a client calls this machine by, without the port."""
    return (authority_of(f"//{connection.headers.get('host', '')}").hostname or "").lower()


def authority_of(address: str) -> SplitResult:
    """The parts of an address that a client sent; of one that cannot be read, none."""
    try:
        return urlsplit(address)
    except ValueError:
        return urlsplit("")


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def cookie_name(connection: Connection) -> str:
    return COOKIE_TLS if connection.scope.get("scheme") in ("https", "wss") else COOKIE_LOCAL


def still_as_it_was(connection: Connection) -> bool:
    """Whether who opened a long connection is still signed in, in the same role; guests, whether they may read."""
    state = connection.app.state
    database, now = state.appliance_db, state.clock.time()
    before: Identity = connection.user
    if before.person is None:
        return queries.guests_may_read(database)
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        owner = queries.token_owner(database, token, now=now)
        return owner is not None and owner[1].role is before.role
    cookie = connection.cookies.get(cookie_name(connection), "")
    return queries.identify_session(database, cookie, now=now).role is before.role


class WhoAsks(AbstractAuthenticationMiddleware):
    """Finds who a request comes from, by its cookie or its token: `request.user` is an Identity, `request.auth` the CSRF token."""

    def __init__(self, app: ASGIApp, database: Database, clock: Clock) -> None:
        super().__init__(app, exclude_http_methods=[])
        self._database, self._clock = database, clock

    async def authenticate_request(self, connection: Connection) -> AuthenticationResult:
        result = await self._authenticate(connection)
        REQUESTER.set(requester_of(result.user, address_of(connection)))
        KIND.set(connection.scope["route_handler"].opt.get(KIND_OPTION, Kind.READ))
        return result

    async def _authenticate(self, connection: Connection) -> AuthenticationResult:
        # Two reads by key take some 30 µs: less than handing them to a thread.
        if is_overheard(connection):
            return AuthenticationResult(user=NOBODY, auth="")
        now = self._clock.time()
        scheme, _, bearer_token = connection.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and bearer_token:
            return AuthenticationResult(user=await self._program(bearer_token, now), auth="")
        cookie = connection.cookies.get(cookie_name(connection), "")
        identity = queries.identify_session(self._database, cookie, now=now) if cookie else NOBODY
        session = identity.session
        if session and sessions.is_due(session, now):
            await self._note(lambda work: sessions.touch(work, session, now=now))
        return AuthenticationResult(user=identity, auth=csrf_token(cookie) if session else "")

    async def _program(self, bearer_token: str, now: float) -> Identity:
        """Raises SignInNeeded."""
        owner = queries.token_owner(self._database, bearer_token, now=now)
        if owner is None:
            raise SignInNeeded(
                "This token is not known, or is over.", remedy="Make another on the page of your account."
            )
        token, person = owner
        if api_tokens.is_due(token, now):
            await self._note(lambda work: api_tokens.touch(work, token, now=now))
        return Identity(person=person, scopes=frozenset(token.scopes), token=token.id)

    async def _note(self, touch: Callable[[UnitOfWork], None]) -> None:
        """Note a use in the database. A disk that is full keeps nobody from reading."""

        def write() -> None:
            with self._database.write() as work:
                touch(work)

        with contextlib.suppress(ApplianceError):
            await asyncio.to_thread(write)


def may(identity: Identity, permission: Permission, *, guests_may_read: bool = True) -> bool:
    """Whether somebody may do something, by their role and, for a program, by its token's scopes."""
    if identity.scopes is not None and permission is not Permission.ENTER and permission not in identity.scopes:
        return False
    return permits(identity.role, permission, guests_may_read=guests_may_read)


async def guard(connection: Connection, handler: BaseRouteHandler) -> None:
    """Let a request through to a route, or raise HttpsNeeded, SignInNeeded, NotAllowed or CrossSite.

    A WebSocket is closed before it opens, with 4401 or 4403 and the same sentence.
    """
    try:
        await _let_through(connection, handler)
    except Refused as error:
        if not isinstance(connection, WebSocket):
            raise
        raise WebSocketException(
            detail=str(error), code=UNAUTHORIZED if isinstance(error, SignInNeeded) else FORBIDDEN
        ) from error


async def _let_through(connection: Connection, handler: BaseRouteHandler) -> None:
    permission = handler.opt.get(PERMISSION)
    if permission is None:
        raise NotAllowed("Nobody may use this address: it has no rule.", remedy="Please tell the makers of Lampstand.")
    if is_overheard(connection) and not handler.opt[PLAIN]:
        raise HttpsNeeded(
            "Over plain HTTP this machine only shows what everyone may read.",
            remedy="Use its address with https:// in front; /trust says how to trust it.",
        )
    identity: Identity = connection.user
    if permission is not Permission.ENTER:
        _check(identity, permission, connection.app.state.appliance_db)
    if handler.opt.get(BROWSER) and identity.scopes is not None:
        raise NotAllowed("A token cannot do this.", remedy="Sign in with a browser.")
    _check_origin(connection)
    if identity.session and connection.scope.get("method", "GET") not in SAFE_METHODS:
        await _check_csrf(connection)


def _check(identity: Identity, permission: Permission, database: Database) -> None:
    open_to_guests = identity.person is not None or queries.guests_may_read(database)
    if may(identity, permission, guests_may_read=open_to_guests):
        return
    if identity.person is None:
        raise SignInNeeded("Sign in to go on.", remedy="Or join with a class code.")
    if identity.scopes is not None and permission not in identity.scopes:
        raise NotAllowed(
            f"This token is not for that: it lacks the scope {permission}.", remedy="Make one that has it."
        )
    raise NotAllowed(
        f"A {identity.role} may not do this.", remedy="An administrator can do it, or give you another role."
    )


def _check_origin(connection: Connection) -> None:
    """A page of another site must not open a WebSocket with this browser's cookies: no preflight guards those."""
    origin = connection.headers.get("origin")
    if isinstance(connection, WebSocket) and origin and authority_of(origin).netloc != connection.headers.get("host"):
        raise CrossSite("A page of another site asked for this.", remedy="Open Lampstand itself.")


async def _check_csrf(connection: Connection) -> None:
    given = connection.headers.get(CSRF_HEADER, "")
    if not given and isinstance(connection, Request) and "form" in connection.headers.get("content-type", ""):
        given = str((await connection.form()).get(CSRF_FIELD, ""))
    if not same(given, connection.auth):
        raise CrossSite("This page is out of date.", remedy="Load it again, then repeat what you did.")


def audiences_of(identity: Identity) -> frozenset[str]:
    """The audiences of events that somebody belongs to."""
    person, scopes = identity.person, identity.scopes
    if person is None:
        return frozenset({EVERYONE}) | audiences(Role.GUEST)
    if scopes is None:
        return frozenset({EVERYONE, person.audience}) | audiences(person.role)
    # A program sees what its scopes are about.
    role = Role.MEMBER
    for scope, named in ((Permission.LEAD, Role.LEADER), (Permission.ADMINISTER, Role.ADMINISTRATOR)):
        if scope in scopes and permits(person.role, scope, guests_may_read=True):
            role = named
    own = {person.audience} if Permission.OWN in scopes else set[str]()
    return frozenset({EVERYONE}) | audiences(role) | own


def sees(identity: Identity, audience: str) -> bool:
    """Whether somebody belongs to an audience."""
    return not audiences_of(identity).isdisjoint(audience.split())


def https_address(connection: Connection, port: int) -> str:
    """The same address over HTTPS."""
    host = host_of(connection)
    name = f"[{host}]" if ":" in host else host
    query = connection.scope.get("query_string", b"").decode("ascii", "ignore")
    authority = name if port == HTTPS_PORT else f"{name}:{port}"
    return f"https://{authority}{connection.url.path}{'?' if query else ''}{query}"


def _who_asks(request: Connection) -> Identity:
    """Nobody where a page tells of an error that came before anyone asked."""
    who: Identity = request.scope.get("user") or NOBODY
    return who


def _allows(request: Connection, permission: str) -> bool:
    who = _who_asks(request)
    open_to_guests = who.person is not None or queries.guests_may_read(request.app.state.appliance_db)
    return may(who, Permission(permission), guests_may_read=open_to_guests)


def _unread_of(request: Connection) -> int:
    person = _who_asks(request).person
    return notifications.unread(request.app.state.appliance_db, person.id) if person else 0


TEMPLATE_ACCESS = {
    "unread_of": _unread_of,
    "who_asks": _who_asks,
    "allows": _allows,
    "csrf_of": lambda request: request.scope.get("auth") or "",
    "newest_event": lambda request: request.app.state.hub.newest,
}
