"""A client that has an answer already is told so."""

from typing import Any

import pytest
from litestar import Request
from litestar.testing import RequestFactory

from server.http.caching import cached, etag_of


def asking(**headers: str) -> Request[Any, Any, Any]:
    return RequestFactory().get("/", headers=headers)


def test_a_validator_changes_with_what_it_is_of() -> None:
    assert etag_of("WEB", "John") == etag_of("WEB", "John")
    assert etag_of("WEB", "John") != etag_of("WEB", "Mark")


@pytest.mark.parametrize("sent", ['"a"', 'W/"a"', '"b", "a"', "*"])
def test_who_has_it_gets_it_not_again(sent: str) -> None:
    response = cached(asking(**{"If-None-Match": sent}), '"a"', "the view")

    assert (304, None) == (response.status_code, response.content)


@pytest.mark.parametrize("headers", [{}, {"If-None-Match": '"b"'}])
def test_others_get_it_and_have_to_ask_again_next_time(headers: dict[str, str]) -> None:
    response = cached(asking(**headers), '"a"', "the view")

    assert "the view" == response.content
    assert {"ETag": '"a"', "Cache-Control": "private, no-cache"} == response.headers
