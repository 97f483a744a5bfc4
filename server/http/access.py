"""Authentication of requests, and the guard that checks each request against the rule of its route.

Every route declares a rule: the permission that its callers need. A route without a rule is closed to everybody. Accounts work
only on connections that are safe from eavesdropping: over TLS, and on this machine. Over plain HTTP from another machine,
every caller is a guest who may read. Requests for routes that need another permission are redirected to HTTPS.
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
    """A request for a change came from another website, or from an outdated page of this website."""

    title = "Forbidden"


def rule(permission: Permission, *, plain: bool | None = None, browser: bool = False) -> dict[str, Any]:
    """Return the `opt` of a route: its permission, and whether the route is open over plain HTTP from other machines.

    By default, only routes for reading are open over plain HTTP. With `browser`, the route rejects API tokens.
    """
    open_over_http = permission is Permission.READ if plain is None else plain
    return {PERMISSION: permission, PLAIN: open_over_http, BROWSER: browser}


def is_overheard(connection: Connection) -> bool:
    """True if the connection uses plain HTTP, and the client is another machine or the host name is not local."""
    if connection.scope.get("scheme") in ("https", "wss"):
        return False
    return not (_is_loopback(address_of(connection)) and host_of(connection) in LOCAL_NAMES)


def address_of(connection: Connection) -> str:
    """The IP address of the client."""
    return connection.client.host if connection.client else ""


def host_of(connection: Connection) -> str:
    """The host name in the Host header, without the port."""
    return (authority_of(f"//{connection.headers.get('host', '')}").hostname or "").lower()


def authority_of(address: str) -> SplitResult:
    """Split a URL that a client sent. An invalid URL has empty parts."""
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


def access_is_unchanged(connection: Connection) -> bool:
    """Whether the access has not changed: a person still has the same role, and a guest may still read."""
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


class CallerAuthentication(AbstractAuthenticationMiddleware):
    """Identifies the caller by cookie or API token: `request.user` is an Identity, `request.auth` the CSRF token."""

    def __init__(self, app: ASGIApp, database: Database, clock: Clock) -> None:
        super().__init__(app, exclude_http_methods=[])
        self._database, self._clock = database, clock

    async def authenticate_request(self, connection: Connection) -> AuthenticationResult:
        result = await self._authenticate(connection)
        REQUESTER.set(requester_of(result.user, address_of(connection)))
        KIND.set(connection.scope["route_handler"].opt.get(KIND_OPTION, Kind.READ))
        return result

    async def _authenticate(self, connection: Connection) -> AuthenticationResult:
        # This code needs no thread: two database reads by key take about 30 µs, less than a thread switch.
        if is_overheard(connection):
            return AuthenticationResult(user=NOBODY, auth="")
        now = self._clock.time()
        scheme, _, bearer_token = connection.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and bearer_token:
            return AuthenticationResult(user=await self._identity_of_token(bearer_token, now), auth="")
        cookie = connection.cookies.get(cookie_name(connection), "")
        identity = queries.identify_session(self._database, cookie, now=now) if cookie else NOBODY
        session = identity.session
        if session and sessions.is_due(session, now):
            await self._store_use(lambda work: sessions.touch(work, session, now=now))
        return AuthenticationResult(user=identity, auth=csrf_token(cookie) if session else "")

    async def _identity_of_token(self, bearer_token: str, now: float) -> Identity:
        """Return the identity of an API token. Raises SignInNeeded if the token is invalid or expired."""
        owner = queries.token_owner(self._database, bearer_token, now=now)
        if owner is None:
            raise SignInNeeded("Invalid or expired token.", remedy="Create a new token on the page of your account.")
        token, person = owner
        if api_tokens.is_due(token, now):
            await self._store_use(lambda work: api_tokens.touch(work, token, now=now))
        return Identity(person=person, scopes=frozenset(token.scopes), token=token.id)

    async def _store_use(self, touch: Callable[[UnitOfWork], None]) -> None:
        """Store when a session or a token was last used. Errors are ignored, so that reading still works with a full disk."""

        def write() -> None:
            with self._database.write() as work:
                touch(work)

        with contextlib.suppress(ApplianceError):
            await asyncio.to_thread(write)


def may(identity: Identity, permission: Permission, *, guests_may_read: bool = True) -> bool:
    """Whether a caller has a permission. The role decides, and for an API token also the scopes of the token."""
    if identity.scopes is not None and permission is not Permission.PUBLIC and permission not in identity.scopes:
        return False
    return permits(identity.role, permission, guests_may_read=guests_may_read)


async def guard(connection: Connection, handler: BaseRouteHandler) -> None:
    """Check whether a caller may use a route. Raises HttpsNeeded, SignInNeeded, NotAllowed or CrossSite.

    A refused WebSocket is closed before it opens, with the close code 4401 or 4403 and the same message.
    """
    try:
        await _check_access(connection, handler)
    except Refused as error:
        if not isinstance(connection, WebSocket):
            raise
        raise WebSocketException(
            detail=str(error), code=UNAUTHORIZED if isinstance(error, SignInNeeded) else FORBIDDEN
        ) from error


async def _check_access(connection: Connection, handler: BaseRouteHandler) -> None:
    permission = handler.opt.get(PERMISSION)
    if permission is None:
        raise NotAllowed("This address has no access rule.", remedy="Please report this to the Lampstand project.")
    if is_overheard(connection) and not handler.opt[PLAIN]:
        raise HttpsNeeded(
            "Over plain HTTP, Lampstand shows only public pages.",
            remedy="Use the address with https://. The page /trust explains the certificate.",
        )
    identity: Identity = connection.user
    if permission is not Permission.PUBLIC:
        _check_permission(identity, permission, connection.app.state.appliance_db)
    if handler.opt.get(BROWSER) and identity.scopes is not None:
        raise NotAllowed("An API token cannot do this.", remedy="Sign in with a browser.")
    _check_origin(connection)
    if identity.session and connection.scope.get("method", "GET") not in SAFE_METHODS:
        await _check_csrf(connection)


def _check_permission(identity: Identity, permission: Permission, database: Database) -> None:
    open_to_guests = identity.person is not None or queries.guests_may_read(database)
    if may(identity, permission, guests_may_read=open_to_guests):
        return
    if identity.person is None:
        raise SignInNeeded("Sign in to continue.", remedy="Or join with a class code.")
    if identity.scopes is not None and permission not in identity.scopes:
        raise NotAllowed(f"This token does not have the scope {permission}.", remedy="Create a token with this scope.")
    raise NotAllowed(
        f"The role {identity.role} does not allow this.", remedy="Ask an administrator to do it or to change your role."
    )


def _check_origin(connection: Connection) -> None:
    """Raise CrossSite if a page of another website opens a WebSocket. Browsers send the cookies without a preflight request."""
    origin = connection.headers.get("origin")
    if isinstance(connection, WebSocket) and origin and authority_of(origin).netloc != connection.headers.get("host"):
        raise CrossSite("Request blocked: it came from another website.", remedy="Open Lampstand directly.")


async def _check_csrf(connection: Connection) -> None:
    sent_token = connection.headers.get(CSRF_HEADER, "")
    if not sent_token and isinstance(connection, Request) and "form" in connection.headers.get("content-type", ""):
        sent_token = str((await connection.form()).get(CSRF_FIELD, ""))
    if not same(sent_token, connection.auth):
        raise CrossSite("This page is out of date.", remedy="Reload the page and try again.")


def audiences_of(identity: Identity) -> frozenset[str]:
    """The event audiences that a caller belongs to."""
    person, scopes = identity.person, identity.scopes
    if person is None:
        return frozenset({EVERYONE}) | audiences(Role.GUEST)
    if scopes is None:
        return frozenset({EVERYONE, person.audience}) | audiences(person.role)
    # The scopes of an API token decide which audiences it has.
    role = Role.MEMBER
    for scope, scope_role in ((Permission.MANAGE_CLASSES, Role.LEADER), (Permission.ADMINISTER, Role.ADMINISTRATOR)):
        if scope in scopes and permits(person.role, scope, guests_may_read=True):
            role = scope_role
    own = {person.audience} if Permission.MANAGE_ACCOUNT in scopes else set[str]()
    return frozenset({EVERYONE}) | audiences(role) | own


def sees(identity: Identity, audience: str) -> bool:
    """Whether a caller belongs to an audience."""
    return not audiences_of(identity).isdisjoint(audience.split())


def https_address(connection: Connection, port: int) -> str:
    """The HTTPS URL for a request."""
    host = host_of(connection)
    name = f"[{host}]" if ":" in host else host
    query = connection.scope.get("query_string", b"").decode("ascii", "ignore")
    authority = name if port == HTTPS_PORT else f"{name}:{port}"
    return f"https://{authority}{connection.url.path}{'?' if query else ''}{query}"


def _identity_of(request: Connection) -> Identity:
    """The caller of a request; NOBODY on an error page, if the error occurred before authentication."""
    identity: Identity = request.scope.get("user") or NOBODY
    return identity


def _allows(request: Connection, permission: str) -> bool:
    identity = _identity_of(request)
    open_to_guests = identity.person is not None or queries.guests_may_read(request.app.state.appliance_db)
    return may(identity, Permission(permission), guests_may_read=open_to_guests)


def _unread_of(request: Connection) -> int:
    person = _identity_of(request).person
    return notifications.unread(request.app.state.appliance_db, person.id) if person else 0


TEMPLATE_ACCESS = {
    "unread_of": _unread_of,
    "caller": _identity_of,
    "allows": _allows,
    "csrf_of": lambda request: request.scope.get("auth") or "",
    "newest_event": lambda request: request.app.state.hub.newest,
}
