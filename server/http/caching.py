"""Answers that a client may cache if it revalidates them each time."""

import hashlib
from typing import Any, TypeVar

from litestar import Request, Response

from appliance import __version__

View = TypeVar("View")

REVALIDATE = "private, no-cache"


def etag_of(*parts: str) -> str:
    """An ETag that depends on the version of Lampstand and on `parts`."""
    return f'"{hashlib.sha256("|".join((__version__, *parts)).encode()).hexdigest()[:32]}"'


def cached(request: Request[Any, Any, Any], etag: str, view: View) -> Response[View | None]:
    """Answer with the view and its ETag, or with 304 if the client already has the view."""
    headers = {"ETag": etag, "Cache-Control": REVALIDATE}
    etags = {etag.strip().removeprefix("W/") for etag in request.headers.get("if-none-match", "").split(",")}
    if etags & {etag, "*"}:
        return Response(None, status_code=304, headers=headers)
    return Response(view, headers=headers)
