"""The cookie of a session."""

from typing import Any

import pytest
from litestar import Request
from litestar.testing import RequestFactory

from server.http.sessions import agent_of, removed_cookie, session_cookie


def asking(scheme: str, **headers: str) -> Request[Any, Any, Any]:
    request = RequestFactory().get("/", headers=headers)
    request.scope["scheme"] = scheme
    return request


@pytest.mark.parametrize(
    ("scheme", "name", "tls_only"), [("https", "__Host-lampstand", True), ("http", "lampstand", False)]
)
def test_over_tls_the_cookie_is_for_tls_only_and_for_this_host_alone(scheme: str, name: str, tls_only: bool) -> None:
    cookie = session_cookie(asking(scheme), "secret")

    assert (name, "secret", tls_only) == (cookie.key, cookie.value, cookie.secure)


def test_no_script_reads_the_cookie_and_no_other_site_sends_it() -> None:
    cookie = session_cookie(asking("http"), "secret")

    assert (True, "lax", "/") == (cookie.httponly, cookie.samesite, cookie.path)


def test_a_removed_cookie_is_over_at_once() -> None:
    cookie = removed_cookie(asking("https"))

    assert ("__Host-lampstand", "", 0) == (cookie.key, cookie.value, cookie.max_age)


def test_a_program_may_not_name_itself() -> None:
    assert "Firefox" == agent_of(asking("http", **{"User-Agent": "Firefox"}))
    assert "" == agent_of(asking("http"))
