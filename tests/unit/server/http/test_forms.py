"""The forms of pages: show a form again, or redirect after a form was sent."""

import pytest

from appliance.errors import Conflict, TooManyRequests
from server.http.forms import go_to, local_path, show_again


@pytest.mark.parametrize("target", ["/", "/read/WEB/John/3", "/search?q=a%20b#top"])
def test_a_path_of_this_site_is_kept(target: str) -> None:
    assert target == local_path(target)


@pytest.mark.parametrize(
    "target",
    ["", "https://elsewhere.example/", "//elsewhere.example", "/\\elsewhere.example", "read", "http://[", "x:/y"],
)
def test_other_targets_are_replaced_by_the_home_page(target: str) -> None:
    assert "/" == local_path(target)


def test_a_form_is_shown_again_with_the_error() -> None:
    page = show_again("join.html", Conflict("The name is taken.", remedy="Choose another."), name="Anna")

    assert ("join.html", 409) == (page.template_name, page.status_code)
    assert {"problem": "The name is taken. Choose another.", "name": "Anna"} == page.context


def test_the_answer_contains_the_waiting_time() -> None:
    page = show_again("sign_in.html", TooManyRequests("Too many attempts.", retry_after_s=30.0))

    assert "30" == page.headers["Retry-After"]


def test_the_redirect_after_a_form_uses_get() -> None:
    assert 303 == go_to("/account").status_code
