"""Problem documents: what an error response says, and what it hides."""

import json
from typing import Any

import pytest
import structlog
from litestar import Request
from litestar.exceptions import (
    HTTPException,
    MethodNotAllowedException,
    NotFoundException,
    ValidationException,
)
from litestar.testing import RequestFactory

from appliance.community.accounts.person import SignInNeeded, TooManyAttempts
from appliance.errors import ApplianceError, Conflict, NotFound, Refused, TooManyRequests, Unavailable
from server.http.problems import (
    INPUT_ERRORS,
    Problem,
    problem_of,
    problem_of_fault,
    problem_of_http,
    problem_of_input,
    respond,
)


@pytest.mark.parametrize(
    ("error", "status", "title"),
    [
        (Refused("The name is empty."), 400, "Invalid request"),
        (SignInNeeded("Sign in to continue."), 401, "Sign in"),
        (NotFound("There is no job 7."), 404, "Not found"),
        (Conflict("The name is taken."), 409, "Conflict"),
        (Unavailable("The graph is being built."), 503, "Temporarily unavailable"),
        (ApplianceError("The lamp is broken."), 500, "Something went wrong"),
    ],
)
def test_the_kind_of_an_error_decides_status_and_title(error: ApplianceError, status: int, title: str) -> None:
    problem = problem_of(error)

    assert (status, title, str(error)) == (problem.status, problem.title, problem.detail)


def test_the_detail_says_what_happened_and_what_to_do() -> None:
    problem = problem_of(Conflict("The name is taken.", remedy="Add an initial."))

    assert "The name is taken. Add an initial." == problem.detail
    assert "Add an initial." == problem.remedy


@pytest.mark.parametrize("kind", [TooManyRequests, TooManyAttempts])
def test_a_caller_waits_for_whole_seconds_rounded_up(kind: type[TooManyRequests]) -> None:
    response = respond(problem_of(kind("Too many.", remedy="", retry_after_s=4.2)))

    assert ("5", 5) == (response.headers["Retry-After"], response.content.retry_after_s)


def test_a_client_may_retry_a_temporary_problem_after_ten_seconds() -> None:
    assert "10" == respond(problem_of(Unavailable("The disk is full."))).headers["Retry-After"]


@pytest.mark.parametrize("status", [400, 404, 409, 500])
def test_other_problems_do_not_ask_to_retry(status: int) -> None:
    assert {} == respond(Problem(title="T", status=status, detail="D.")).headers


def test_a_caller_who_is_not_signed_in_learns_how_programs_authenticate() -> None:
    assert "Bearer" == respond(problem_of(SignInNeeded("Sign in."))).headers["WWW-Authenticate"]


def test_a_document_has_only_the_fields_with_a_value() -> None:
    problem = Problem(title="Not found", status=404, detail="There is no job 7.")

    assert {"title", "status", "detail"} == set(as_json(problem))
    assert 3 == as_json(problem_of(TooManyRequests("Wait.", retry_after_s=3.0)))["retry_after_s"]


def as_json(problem: Problem) -> dict[str, Any]:
    response = respond(problem)
    assert "application/problem+json" == response.media_type
    document: dict[str, Any] = json.loads(response.render(problem, response.media_type))
    return document


def test_an_unknown_address_has_no_page() -> None:
    problem = problem_of_http(NotFoundException())

    assert ("Not Found", 404) == (problem.title, problem.status)
    assert "There is no page at this address." == problem.detail


def test_other_http_errors_keep_their_detail() -> None:
    problem = problem_of_http(MethodNotAllowedException(detail="Use GET."))

    assert ("Method Not Allowed", 405, "Use GET.") == (problem.title, problem.status, problem.detail)


def refused(*reasons: dict[str, str]) -> str:
    return problem_of_http(ValidationException(extra=list(reasons))).detail


def test_each_invalid_value_is_named() -> None:
    detail = refused(
        {"key": "limit", "message": "Expected `int` <= 100"}, {"key": "ref", "message": "Missing required parameter."}
    )

    assert "limit: Expected `int` <= 100. ref: Missing required parameter." == detail


@pytest.mark.parametrize(
    ("key", "values"),
    [("mode", "hybrid, keyword, semantic, strongs"), ("testament", "old, new, deuterocanon")],
)
def test_an_invalid_choice_lists_the_valid_ones(key: str, values: str) -> None:
    assert f"{key}: must be one of {values}." == refused({"key": key, "message": "Invalid enum value 'x'"})


def test_a_missing_body_must_be_an_object() -> None:
    assert "The request body must be a JSON object." == refused({"key": "data", "message": "'data'"})


def test_a_reason_without_a_name_is_shown_alone() -> None:
    assert "Expected `str`" == refused({"message": "Expected `str`"})


def test_an_error_without_reasons_shows_its_detail() -> None:
    assert "Too large." == problem_of_http(HTTPException(status_code=413, detail="Too large.")).detail


def with_traceback(error: Exception) -> Exception:
    with pytest.raises(type(error)) as caught:
        raise error
    return caught.value


@pytest.mark.parametrize(
    ("error", "part"),
    [
        (RecursionError("maximum recursion depth exceeded"), "nested too deeply"),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"), "not valid UTF-8"),
        (UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates not allowed"), "not valid UTF-8"),
    ],
)
def test_malformed_input_is_an_error_of_the_client(error: Exception, part: str) -> None:
    assert isinstance(error, INPUT_ERRORS)
    with structlog.testing.capture_logs() as logs:
        problem = problem_of_input(with_traceback(error))

    assert (400, True) == (problem.status, part in problem.detail)
    assert [(type(error).__name__, __file__)] == [(line["error"], line["file"]) for line in logs]


def test_an_unexpected_error_is_in_the_log_and_not_in_the_response() -> None:
    request: Request[Any, Any, Any] = RequestFactory().get("/api/v1/search")
    error = KeyError("secret")
    with structlog.testing.capture_logs() as logs:
        problem = problem_of_fault(request, error)

    assert 500 == problem.status
    assert "secret" not in problem.detail + problem.title
    assert [("/api/v1/search", error)] == [(line["path"], line["exc_info"]) for line in logs]
