"""The web application."""

import asyncio
import errno
import functools
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import structlog
from jinja2 import Environment, FileSystemLoader
from litestar import Litestar, Request, Response, Router
from litestar.datastructures import MutableScopeHeaders
from litestar.exceptions import HTTPException, NotFoundException
from litestar.middleware import DefineMiddleware
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.plugins.jinja import JinjaTemplateEngine
from litestar.response import Redirect
from litestar.static_files import create_static_files_router
from litestar.template import TemplateConfig
from litestar.types import ControllerRouterHandler, Message, Scope

from appliance import __version__
from appliance.community.accounts.permissions import Permission
from appliance.community.accounts.person import HttpsNeeded, SignInNeeded
from appliance.errors import ApplianceError
from appliance.infrastructure.event_hub import EventHub
from appliance.infrastructure.garbage import give_back_freed_memory, leave_out_of_collections
from server import api, pages
from server.bootstrap import Appliance
from server.dependencies import dependencies_of
from server.http.access import TEMPLATE_ACCESS, CallerAuthentication, authority_of, guard, https_address, rule
from server.http.compression import compressing_in
from server.http.disconnects import has_disconnected, noting_disconnects
from server.http.problems import (
    INPUT_ERRORS,
    Problem,
    problem_of,
    problem_of_fault,
    problem_of_http,
    problem_of_input,
    respond,
)
from server.http.refusals import pausing_refusals
from server.http.rendering import TEMPLATE_GLOBALS
from server.http.threads import Threads
from server.pages.home import problem_page

HERE = Path(__file__).parent
MAX_BODY_BYTES = 1 << 20
NO_SUCH_FILE = (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG, errno.ELOOP)
FEED_PAUSE_S = 5.0
# Freed memory is returned to the system every ten seconds, if the process has used half a second of processor time since then.
MEMORY_EVERY_S, MEMORY_AFTER_S = 10.0, 0.5
# The client has disconnected, so the status is for the log only. nginx uses the same number.
CLIENT_CLOSED_REQUEST = 499
CONTENT_SECURITY_POLICY = "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
SECURITY_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


def create_app(appliance: Appliance) -> Litestar:
    """Create the web application for an opened data folder. When the application ends, it closes the data folder."""
    threads = Threads()

    @asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncIterator[None]:
        set_state(app, appliance, threads)
        desk, hub = app.state.desk, app.state.hub
        desk.mark_interrupted()
        await hub.begin()
        following = asyncio.create_task(hub.run(), name="event hub")
        feeding = asyncio.create_task(feed_inboxes(appliance, hub), name="notifications")
        freeing = asyncio.create_task(return_freed_memory(), name="memory")
        # Objects loaded so far stay alive, so garbage collection can skip them.
        leave_out_of_collections()
        try:
            yield
        finally:
            for task in (following, feeding, freeing):
                task.cancel()
            await desk.close()
            threads.close()
            appliance.close()

    static_files = create_static_files_router(
        path="/static",
        directories=[HERE / "static"],
        opt=rule(Permission.PUBLIC, plain=True),
        exception_handlers={500: _on_invalid_path},
    )
    return assemble(appliance, threads, [api.router, pages.router, static_files], lifespan)


def set_state(app: Litestar, appliance: Appliance, threads: Threads) -> None:
    """Set the parts that the access rules and the handlers read from the state of the application."""
    app.state.desk, app.state.hub = appliance.answer_desk(threads.answers), EventHub(appliance.events)
    app.state.appliance_db, app.state.clock = appliance.appliance_db, appliance.clock
    app.state.https_port = appliance.settings.https_port


def assemble(
    appliance: Appliance,
    threads: Threads,
    routes: Sequence[ControllerRouterHandler],
    lifespan: Callable[[Litestar], AbstractAsyncContextManager[None]],
) -> Litestar:
    """Create an application with these routes, and with the access rules, error pages and headers of the site."""
    return Litestar(
        route_handlers=routes,
        dependencies=dependencies_of(appliance, threads),
        middleware=[
            noting_disconnects,
            pausing_refusals,
            compressing_in(threads.compression),
            DefineMiddleware(CallerAuthentication, database=appliance.appliance_db, clock=appliance.clock),
        ],
        guards=[guard],
        lifespan=[lifespan],
        template_config=TemplateConfig(instance=_template_engine()),
        before_request=refuse_cross_site_writes,
        before_send=[add_security_headers],
        exception_handlers={
            ApplianceError: _on_appliance_error,
            HTTPException: _on_http_error,
            **dict.fromkeys(INPUT_ERRORS, _on_input),
            500: _on_fault,
        },
        openapi_config=OpenAPIConfig(
            title="Lampstand",
            version=__version__,
            render_plugins=[JsonRenderPlugin()],
            openapi_router=Router(
                "/schema", route_handlers=[], include_in_schema=False, opt=rule(Permission.PUBLIC, plain=True)
            ),
            description="A self-hosted Bible-study appliance: read, search and ask.",
        ),
        request_max_body_size=MAX_BODY_BYTES,
        logging_config=None,
    )


async def feed_inboxes(appliance: Appliance, hub: EventHub) -> None:
    """Create notifications from events, starting with the first event that no earlier server has handled.

    If the data folder is read-only, no notifications are created.
    """
    while appliance.folder.is_writable:
        try:
            for job in await asyncio.to_thread(appliance.feed.process_new_events):
                await asyncio.to_thread(appliance.dispatcher.wake, job)
            await hub.past(await asyncio.to_thread(appliance.feed.position))
        except Exception:  # noqa: BLE001 - any error is logged, and the loop tries again
            structlog.get_logger().exception("notifications could not be created")
            await asyncio.sleep(FEED_PAUSE_S)


async def return_freed_memory() -> None:
    """Return freed memory to the system at regular times, if the process was busy."""
    processor_s = 0.0
    while True:
        await asyncio.sleep(MEMORY_EVERY_S)
        if time.process_time() - processor_s > MEMORY_AFTER_S:
            processor_s = time.process_time()
            await asyncio.to_thread(give_back_freed_memory)


@functools.cache
def _template_engine() -> JinjaTemplateEngine:
    """The page templates. Each template is compiled once per process."""
    environment = Environment(
        loader=FileSystemLoader(HERE / "pages"), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    environment.globals.update(TEMPLATE_GLOBALS | TEMPLATE_ACCESS)
    return JinjaTemplateEngine.from_environment(environment)


async def refuse_cross_site_writes(request: Request[Any, Any, Any]) -> Response[Problem] | None:
    """Refuse a change that a page of another website requests. `Sec-Fetch-Site` and `Origin` show the website of the page."""
    # This is a coroutine because Litestar runs plain functions in a thread, which costs two thread switches per request.
    origin = request.headers.get("origin")
    other_origin = origin is not None and authority_of(origin).netloc != request.headers.get("host")
    cross_site = request.headers.get("sec-fetch-site") == "cross-site"
    if request.method in ("GET", "HEAD", "OPTIONS") or not (cross_site or other_origin):
        return None
    return respond(
        Problem(
            title="Forbidden",
            status=403,
            detail="Request blocked: it came from another website. Open Lampstand directly.",
        )
    )


async def add_security_headers(message: Message, scope: Scope) -> None:
    """Add security headers to every answer, including errors and files.

    Answers to signed-in callers are not cached, unless the route sets another `Cache-Control`.
    """
    if message["type"] != "http.response.start":
        return
    headers = MutableScopeHeaders.from_message(message)
    for name, value in SECURITY_HEADERS.items():
        headers[name] = value
    identity = scope.get("user")
    if identity and identity.person:
        headers.setdefault("Cache-Control", "no-store")


def _wants_page(request: Request[Any, Any, Any]) -> bool:
    return not request.url.path.startswith(("/api/", "/schema", "/static")) and "text/html" in request.headers.get(
        "accept", ""
    )


def _answer(request: Request[Any, Any, Any], problem: Problem) -> Response[Any]:
    return problem_page(problem) if _wants_page(request) else respond(problem)


def _on_appliance_error(request: Request[Any, Any, Any], error: ApplianceError) -> Response[Any]:
    """Answer with the problem. A page that needs a sign-in or HTTPS redirects to the sign-in page or to HTTPS instead."""
    if _wants_page(request) and request.method == "GET":
        if isinstance(error, HttpsNeeded):
            return Redirect(https_address(request, request.app.state.https_port), status_code=307)
        if isinstance(error, SignInNeeded):
            target = quote(f"{request.url.path}?{request.url.query}".rstrip("?"))
            return Redirect(f"/sign-in?next_page={target}", status_code=303)
    return _answer(request, problem_of(error))


def _on_http_error(request: Request[Any, Any, Any], error: HTTPException) -> Response[Any]:
    return _answer(request, problem_of_http(error))


def _on_input(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    return _answer(request, problem_of_input(error))


def _on_invalid_path(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """Answer with 404 for a path that no file can have: a NUL character, a name that is too long, a path below a file."""
    cause = error.__cause__ or error
    if isinstance(cause, ValueError) or (isinstance(cause, OSError) and cause.errno in NO_SUCH_FILE):
        return _answer(request, problem_of_http(NotFoundException()))
    return _on_fault(request, error)


def _on_fault(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    if has_disconnected(request.scope):
        return Response(None, status_code=CLIENT_CLOSED_REQUEST)
    return _answer(request, problem_of_fault(request, error))
