"""Errors as problem documents (RFC 9457)."""

import math
import traceback
from http import HTTPStatus
from typing import Any

import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException

from appliance.community.accounts.person import TooManyAttempts
from appliance.errors import ApplianceError, TooManyRequests
from appliance.scripture.canon import Testament
from appliance.scripture.search.hits import Mode
from server.errors import status_of

PROBLEM_MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_S = 10

# What the interpreter raises for input that nobody foresaw: the request is wrong, not the server.
_SAYS_OF_INPUT: dict[type[Exception], str] = {
    RecursionError: "The JSON is nested too deep. Send fewer levels.",
    UnicodeError: "The request is not valid UTF-8. Send it as UTF-8.",
}
INPUT_ERRORS = tuple(_SAYS_OF_INPUT)
_ALLOWED = {"mode": Mode, "testament": Testament}


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A problem document: `detail` says what happened and what to do."""

    title: str
    status: int
    detail: str
    type: str = "about:blank"
    remedy: str = ""
    retry_after_s: int = 0


def problem_of(error: ApplianceError) -> Problem:
    wait = math.ceil(error.retry_after_s) if isinstance(error, TooManyAttempts | TooManyRequests) else 0
    return Problem(
        title=error.title, status=status_of(error), detail=str(error), remedy=error.remedy, retry_after_s=wait
    )


def problem_of_http(error: HTTPException) -> Problem:
    reasons = [_reason(item) for item in error.extra or () if isinstance(item, dict)]
    detail = " ".join(reasons) or str(error.detail)
    if error.status_code == HTTPStatus.NOT_FOUND and not reasons:
        detail = "There is nothing at this address."
    return Problem(title=HTTPStatus(error.status_code).phrase, status=error.status_code, detail=detail)


def problem_of_input(error: Exception) -> Problem:
    """The problem of a request whose input raised one of INPUT_ERRORS; the log names the place."""
    detail = next(detail for kind, detail in _SAYS_OF_INPUT.items() if isinstance(error, kind))
    frame = traceback.extract_tb(error.__traceback__)[-1]
    structlog.get_logger().warning("input refused", error=type(error).__name__, file=frame.filename, line=frame.lineno)
    return Problem(title="Bad Request", status=400, detail=detail)


def _reason(item: dict[str, Any]) -> str:
    key, message = str(item.get("key", "")), str(item.get("message", ""))
    if key in _ALLOWED and "enum" in message:
        message = f"one of {', '.join(_ALLOWED[key])} is expected"
    if key == "data" and "data" in message:
        return "A JSON object is expected as the body."
    return f"{key}: {message.removesuffix('.')}." if key else message


def problem_of_fault(request: Request[Any, Any, Any], error: Exception) -> Problem:
    structlog.get_logger().error("request failed", path=request.url.path, exc_info=error)
    return Problem(
        title="A fault of Lampstand's own",
        status=500,
        detail="Something failed that should not. The log holds the details; trying again may help.",
    )


def respond(problem: Problem) -> Response[Problem]:
    wait = problem.retry_after_s or (RETRY_AFTER_S if problem.status == HTTPStatus.SERVICE_UNAVAILABLE else 0)
    headers = {"Retry-After": str(wait)} if wait else {}
    if problem.status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    return Response(problem, status_code=problem.status, media_type=PROBLEM_MEDIA_TYPE, headers=headers)
