"""Handle the forms of pages: show a form again, or redirect after a form was sent."""

from typing import Any
from urllib.parse import urlsplit

from litestar.params import URLEncodedBody
from litestar.response import Redirect, Template

from appliance.errors import ApplianceError
from server.http.problems import problem_of

Form = URLEncodedBody[dict[str, str]]


def local_path(target: str) -> str:
    """Return the target if it is a path on this site, otherwise `/`. So a sign-in link cannot redirect to another site."""
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
    """After a form was sent, redirect to the next page. The browser requests this page by GET."""
    return Redirect(target, status_code=303)
