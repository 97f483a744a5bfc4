"""The cookie of a session."""

from typing import Any

import pytest
from litestar import Request
from litestar.testing import RequestFactory

from server.http.sessions import agent_of, removed_cookie, session_cookie


def request_over(scheme: str, **headers: str) -> Request[Any, Any, Any]:
    request = RequestFactory().get("/", headers=headers)
    request.scope["scheme"] = scheme
    return request


@pytest.mark.parametrize(
    ("scheme", "name", "tls_only"), [("https", "__Host-lampstand", True), ("http", "lampstand", False)]
)
def test_over_tls_the_cookie_is_only_for_tls_and_this_host(scheme: str, name: str, tls_only: bool) -> None:
    cookie = session_cookie(request_over(scheme), "secret")

    assert (name, "secret", tls_only) == (cookie.key, cookie.value, cookie.secure)


def test_scripts_cannot_read_the_cookie_and_other_sites_cannot_send_it() -> None:
    cookie = session_cookie(request_over("http"), "secret")

    assert (True, "lax", "/") == (cookie.httponly, cookie.samesite, cookie.path)


def test_a_removed_cookie_expires_immediately() -> None:
    cookie = removed_cookie(request_over("https"))

    assert ("__Host-lampstand", "", 0) == (cookie.key, cookie.value, cookie.max_age)


def test_the_user_agent_may_be_missing() -> None:
    assert "Firefox" == agent_of(request_over("http", **{"User-Agent": "Firefox"}))
    assert "" == agent_of(request_over("http"))
