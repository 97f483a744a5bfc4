"""The forms of pages, and the redirect after a form."""

from typing import Any
from urllib.parse import urlsplit

from litestar.params import URLEncodedBody
from litestar.response import Redirect, Template

from appliance.errors import ApplianceError
from server.http.problems import problem_of

Form = URLEncodedBody[dict[str, str]]


def local_path(target: str) -> str:
    """Return a path on this site, or `/` for any other target: a link to the sign-in page must not redirect to another site."""
    try:
        parts = urlsplit(target)
    except ValueError:
        return "/"
    is_local = target.startswith("/") and not target.startswith(("//", "/\\")) and not parts.scheme and not parts.netloc
    return target if is_local else "/"


def show_again(page: str, error: ApplianceError, **context: Any) -> Template:
    """Show a form again, with the error message."""
    problem = problem_of(error)
    headers = {"Retry-After": str(problem.retry_after_s)} if problem.retry_after_s else {}
    return Template(page, context={"problem": str(error), **context}, status_code=problem.status, headers=headers)


def go_to(target: str) -> Redirect:
    """Redirect to the next page, by GET, after a form was sent."""
    return Redirect(target, status_code=303)
