"""The session of a browser: its cookie is set and removed here."""

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

# A password and tokens are changed by a person, not by a token.
BROWSER_ONLY = rule(Permission.OWN, browser=True)
CLEAR_CACHE = {"Clear-Site-Data": '"cache"'}


def session_cookie(request: AnyRequest, token: str) -> Cookie:
    """The cookie of a new session."""
    return _cookie(request, token, int(sessions.LONGEST_S))


def removed_cookie(request: AnyRequest) -> Cookie:
    """What removes the cookie of a session from the browser."""
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


def end_own_session(database: Database, who: Identity, now: float) -> None:
    """Sign out the browser that asks, where it is signed in."""
    if who.session:
        with contextlib.suppress(SessionNotFound):
            sessions.end_session(database, person=who.session.person, session=who.session.id, now=now)


def agent_of(request: AnyRequest) -> str:
    """The program that sends a request, as it names itself."""
    return request.headers.get("user-agent", "")
