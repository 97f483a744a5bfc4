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

# Python raises these errors for malformed input. They are errors of the client, not of the server.
_INPUT_ERROR_DETAILS: dict[type[Exception], str] = {
    RecursionError: "The JSON is nested too deeply. Send fewer levels.",
    UnicodeError: "The request is not valid UTF-8. Send it as UTF-8.",
}
INPUT_ERRORS = tuple(_INPUT_ERROR_DETAILS)
_ENUMS = {"mode": Mode, "testament": Testament}


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A problem document. `detail` says what happened and what to do."""

    title: str
    status: int
    detail: str
    type: str = "about:blank"
    remedy: str = ""
    retry_after_s: int = 0


def problem_of(error: ApplianceError) -> Problem:
    retry_after_s = math.ceil(error.retry_after_s) if isinstance(error, TooManyAttempts | TooManyRequests) else 0
    return Problem(
        title=error.title, status=status_of(error), detail=str(error), remedy=error.remedy, retry_after_s=retry_after_s
    )


def problem_of_http(error: HTTPException) -> Problem:
    reasons = [_reason(item) for item in error.extra or () if isinstance(item, dict)]
    detail = " ".join(reasons) or str(error.detail)
    if error.status_code == HTTPStatus.NOT_FOUND and not reasons:
        detail = "There is no page at this address."
    return Problem(title=HTTPStatus(error.status_code).phrase, status=error.status_code, detail=detail)


def problem_of_input(error: Exception) -> Problem:
    """The problem for a request whose input raised one of INPUT_ERRORS. The log shows where the error was raised."""
    detail = next(detail for kind, detail in _INPUT_ERROR_DETAILS.items() if isinstance(error, kind))
    frame = traceback.extract_tb(error.__traceback__)[-1]
    structlog.get_logger().warning("input refused", error=type(error).__name__, file=frame.filename, line=frame.lineno)
    return Problem(title="Bad Request", status=400, detail=detail)


def _reason(item: dict[str, Any]) -> str:
    key, message = str(item.get("key", "")), str(item.get("message", ""))
    if key in _ENUMS and "enum" in message:
        message = f"must be one of {', '.join(_ENUMS[key])}"
    if key == "data" and "data" in message:
        return "The request body must be a JSON object."
    return f"{key}: {message.removesuffix('.')}." if key else message


def problem_of_fault(request: Request[Any, Any, Any], error: Exception) -> Problem:
    structlog.get_logger().error("request failed", path=request.url.path, exc_info=error)
    return Problem(
        title="Something went wrong",
        status=500,
        detail="An unexpected error occurred. Try again; details are in the log.",
    )


def respond(problem: Problem) -> Response[Problem]:
    retry_after_s = problem.retry_after_s or (RETRY_AFTER_S if problem.status == HTTPStatus.SERVICE_UNAVAILABLE else 0)
    headers = {"Retry-After": str(retry_after_s)} if retry_after_s else {}
    if problem.status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    return Response(problem, status_code=problem.status, media_type=PROBLEM_MEDIA_TYPE, headers=headers)
