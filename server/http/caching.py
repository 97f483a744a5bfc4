"""Answers that a client may keep, as long as it asks each time whether they have changed."""

import hashlib
from typing import Any, TypeVar

from litestar import Request, Response

from appliance import __version__

View = TypeVar("View")

REVALIDATE = "private, no-cache"


def etag_of(*parts: str) -> str:
    """A validator that changes with the program and with the texts named."""
    return f'"{hashlib.sha256("|".join((__version__, *parts)).encode()).hexdigest()[:32]}"'


def cached(request: Request[Any, Any, Any], etag: str, view: View) -> Response[View | None]:
    """The view with its ETag, or 304 where the client has it already."""
    headers = {"ETag": etag, "Cache-Control": REVALIDATE}
    etags = {each.strip().removeprefix("W/") for each in request.headers.get("if-none-match", "").split(",")}
    if etags & {etag, "*"}:
        return Response(None, status_code=304, headers=headers)
    return Response(view, headers=headers)
