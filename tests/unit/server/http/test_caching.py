"""A client that already has an answer gets 304."""

from typing import Any

import pytest
from litestar import Request
from litestar.testing import RequestFactory

from server.http.caching import cached, etag_of


def request_with(**headers: str) -> Request[Any, Any, Any]:
    return RequestFactory().get("/", headers=headers)


def test_an_etag_changes_with_its_parts() -> None:
    assert etag_of("WEB", "John") == etag_of("WEB", "John")
    assert etag_of("WEB", "John") != etag_of("WEB", "Mark")


@pytest.mark.parametrize("sent", ['"a"', 'W/"a"', '"b", "a"', "*"])
def test_a_client_with_the_current_view_gets_304(sent: str) -> None:
    response = cached(request_with(**{"If-None-Match": sent}), '"a"', "the view")

    assert (304, None) == (response.status_code, response.content)


@pytest.mark.parametrize("headers", [{}, {"If-None-Match": '"b"'}])
def test_other_clients_get_the_view_and_must_revalidate_it(headers: dict[str, str]) -> None:
    response = cached(request_with(**headers), '"a"', "the view")

    assert "the view" == response.content
    assert {"ETag": '"a"', "Cache-Control": "private, no-cache"} == response.headers
