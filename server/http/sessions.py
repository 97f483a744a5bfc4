"""Browser sessions: set and remove the session cookie."""

import contextlib
from typing import Any

from litestar import Request
from litestar.datastructures import Cookie

from appliance.community.accounts.operations import sessions
from appliance.community.accounts.permissions import Permission
from appliance.community.accounts.person import Identity, SessionNotFound
from appliance.infrastructure.database import Database
from server.http.access import cookie_name, rule

AnyRequest = Request[Any, Any, Any]

# An API token must not change the password or the tokens of its owner.
BROWSER_ONLY = rule(Permission.MANAGE_ACCOUNT, browser=True)
CLEAR_CACHE = {"Clear-Site-Data": '"cache"'}


def session_cookie(request: AnyRequest, token: str) -> Cookie:
    """The cookie of a new session."""
    return _cookie(request, token, int(sessions.MAX_LIFETIME_S))


def removed_cookie(request: AnyRequest) -> Cookie:
    """An expired cookie, which removes the session cookie from the browser."""
    return _cookie(request, "", 0)


def _cookie(request: AnyRequest, value: str, max_age: int) -> Cookie:
    return Cookie(
        key=cookie_name(request),
        value=value,
        httponly=True,
        samesite="lax",
        path="/",
        secure=request.scope["scheme"] == "https",
        max_age=max_age,
    )


def end_own_session(database: Database, identity: Identity, now: float) -> None:
    """End the session of this request, if there is one."""
    if identity.session:
        with contextlib.suppress(SessionNotFound):
            sessions.end_session(database, person=identity.session.person, session=identity.session.id, now=now)


def agent_of(request: AnyRequest) -> str:
    """The User-Agent header of a request."""
    return request.headers.get("user-agent", "")
