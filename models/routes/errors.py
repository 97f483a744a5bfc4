"""Errors in the protocol's form, with their HTTP status."""

from typing import Any

from litestar import Request, Response
from litestar.exceptions import HTTPException

from models.errors import ModelError
from models.messages import ErrorBody, ErrorResponse


def error_body(error: ModelError) -> ErrorResponse:
    return ErrorResponse(error=ErrorBody(message=error.message, type=error.kind, code=error.status))


def model_error(_request: Request[Any, Any, Any], error: ModelError) -> Response[ErrorResponse]:
    headers = {"Retry-After": str(error.retry_after_s)} if error.retry_after_s is not None else {}
    return Response(error_body(error), status_code=error.status, headers=headers)


def http_error(_request: Request[Any, Any, Any], error: HTTPException) -> Response[ErrorResponse]:
    kind = "invalid_request_error" if error.status_code < 500 else "server_error"
    extra = error.extra if isinstance(error.extra, list) else []
    reasons = "; ".join(f"{item.get('key', '')}: {item.get('message', '')}" for item in extra if isinstance(item, dict))
    body = ErrorBody(message=f"{error.detail} {reasons}".strip(), type=kind, code=error.status_code)
    return Response(ErrorResponse(error=body), status_code=error.status_code)
