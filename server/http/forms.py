"""Forms of pages, and where a page goes after one."""

from typing import Any
from urllib.parse import urlsplit

from litestar.params import URLEncodedBody
from litestar.response import Redirect, Template

from appliance.errors import ApplianceError
from server.http.problems import problem_of

Form = URLEncodedBody[dict[str, str]]


def local_path(target: str) -> str:
    """The path to go on to, or `/` where it is not on this site: a link to the sign-in page must not lead elsewhere."""
    try:
        parts = urlsplit(target)
    except ValueError:
        return "/"
    is_local = target.startswith("/") and not target.startswith(("//", "/\\")) and not parts.scheme and not parts.netloc
    return target if is_local else "/"


def show_again(page: str, error: ApplianceError, **context: Any) -> Template:
    """A form with what was wrong with it."""
    problem = problem_of(error)
    headers = {"Retry-After": str(problem.retry_after_s)} if problem.retry_after_s else {}
    return Template(page, context={"problem": str(error), **context}, status_code=problem.status, headers=headers)


def go_to(target: str) -> Redirect:
    """After a form was sent: the page to show, by GET."""
    return Redirect(target, status_code=303)
