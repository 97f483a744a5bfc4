"""Errors in the format of the protocol, with their HTTP status."""

from typing import Any

import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException

from models.errors import ModelError, RequestInvalid
from models.messages import ErrorBody, ErrorResponse

_log = structlog.get_logger()


def error_body(error: ModelError) -> ErrorResponse:
    return ErrorResponse(error=ErrorBody(message=error.message, type=error.kind, code=error.status))


def model_error(_request: Request[Any, Any, Any], error: ModelError) -> Response[ErrorResponse]:
    headers = {"Retry-After": str(error.retry_after_s)} if error.retry_after_s is not None else {}
    return Response(error_body(error), status_code=error.status, headers=headers)


def unexpected_error(_request: Request[Any, Any, Any], error: Exception) -> Response[ErrorResponse]:
    """Handle an error that is a bug: write the traceback to the log, and send the caller one sentence."""
    _log.error("request failed", exc_info=error)
    body = ErrorBody(
        message=f"An unexpected error occurred in the model runtime: {error}. The details are in its log.",
        type="server_error",
        code=500,
    )
    return Response(ErrorResponse(error=body), status_code=500)


def recursion_error(request: Request[Any, Any, Any], _error: RecursionError) -> Response[ErrorResponse]:
    """Handle JSON with more levels than its decoder supports."""
    return model_error(
        request, RequestInvalid("The JSON of the request is nested too deeply. Send lists and objects of fewer levels.")
    )


def http_error(_request: Request[Any, Any, Any], error: HTTPException) -> Response[ErrorResponse]:
    kind = "invalid_request_error" if error.status_code < 500 else "server_error"
    extra = error.extra if isinstance(error.extra, list) else []
    reasons = "; ".join(f"{item.get('key', '')}: {item.get('message', '')}" for item in extra if isinstance(item, dict))
    body = ErrorBody(message=f"{error.detail} {reasons}".strip(), type=kind, code=error.status_code)
    return Response(ErrorResponse(error=body), status_code=error.status_code)
