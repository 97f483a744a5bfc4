"""The web application."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import structlog
from jinja2 import Environment, FileSystemLoader
from litestar import Litestar, Request, Response, Router
from litestar.config.compression import CompressionConfig
from litestar.datastructures import MutableScopeHeaders, State
from litestar.di import Provide
from litestar.exceptions import HTTPException
from litestar.middleware import DefineMiddleware
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.plugins.jinja import JinjaTemplateEngine
from litestar.response import Redirect
from litestar.static_files import create_static_files_router
from litestar.template import TemplateConfig
from litestar.types import Message, Scope

from appliance import __version__
from appliance.community.accounts.permissions import Permission
from appliance.community.accounts.person import HttpsNeeded, Identity, Person, SignInNeeded
from appliance.errors import ApplianceError
from appliance.infrastructure.event_hub import EventHub
from appliance.study.operations import AnswerDesk
from server import routes
from server.access import TEMPLATE_ACCESS, WhoAsks, authority_of, guard, https_address, rule
from server.bootstrap import Appliance
from server.errors import Problem, problem_of, problem_of_fault, problem_of_http, respond
from server.rendering import TEMPLATE_GLOBALS
from server.routes.pages import problem_page

HERE = Path(__file__).parent
MAX_BODY_BYTES = 1 << 20
FEED_PAUSE_S = 5.0
CONTENT_SECURITY_POLICY = "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
SECURITY_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


def create_app(appliance: Appliance) -> Litestar:
    """The application of an opened data folder; it closes the folder when it ends."""

    @asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncIterator[None]:
        desk = appliance.answer_desk()
        desk.mend()
        app.state.desk, app.state.appliance = desk, appliance
        app.state.hub = hub = EventHub(appliance.events)
        await hub.begin()
        following = asyncio.create_task(hub.run(), name="event hub")
        feeding = asyncio.create_task(feed_inboxes(appliance, hub), name="feed of inboxes")
        try:
            yield
        finally:
            following.cancel()
            feeding.cancel()
            await desk.close()
            appliance.close()

    async def provide_desk(state: State) -> AnswerDesk:
        desk: AnswerDesk = state.desk
        return desk

    async def provide_hub(state: State) -> EventHub:
        hub: EventHub = state.hub
        return hub

    async def provide_who(request: Request[Any, Any, Any]) -> Identity:
        who: Identity = request.user
        return who

    async def provide_me(request: Request[Any, Any, Any]) -> Person:
        who: Identity = request.user
        if who.person is None:
            raise SignInNeeded("Sign in to go on.", remedy="Or join with a class code.")
        return who.person

    async def provide_appliance() -> Appliance:
        return appliance

    return Litestar(
        route_handlers=[
            routes.api,
            routes.pages,
            create_static_files_router(path="/static", directories=[HERE / "static"], opt=rule(Permission.ENTER, plain=True)),
        ],
        dependencies={"appliance": Provide(provide_appliance), "desk": Provide(provide_desk), "hub": Provide(provide_hub),
                      "who": Provide(provide_who), "me": Provide(provide_me)},
        middleware=[DefineMiddleware(WhoAsks, database=appliance.appliance_db)],
        guards=[guard],
        lifespan=[lifespan],
        template_config=TemplateConfig(instance=_template_engine()),
        compression_config=CompressionConfig(backend="gzip", minimum_size=1000, gzip_compress_level=6, exclude=["/stream$", "/events$"]),
        before_request=refuse_cross_site_writes,
        before_send=[add_guarding_headers],
        exception_handlers={ApplianceError: _on_appliance_error, HTTPException: _on_http_error,
                            UnicodeDecodeError: _on_garbled, 500: _on_fault},
        openapi_config=OpenAPIConfig(
            title="Lampstand", version=__version__, render_plugins=[JsonRenderPlugin()],
            openapi_router=Router("/schema", route_handlers=[], include_in_schema=False, opt=rule(Permission.ENTER, plain=True)),
            description="A self-hosted Bible-study appliance: read, search and ask.",
        ),
        request_max_body_size=MAX_BODY_BYTES,
        logging_config=None,
    )  # fmt: skip


async def feed_inboxes(appliance: Appliance, hub: EventHub) -> None:
    """Tell people what happens, from what happened while nobody told them on.

    A folder that can only be read has no inboxes to write to.
    """
    while appliance.folder.is_writable:
        try:
            for job in await asyncio.to_thread(appliance.feed.read_on):
                await asyncio.to_thread(appliance.enqueue, job)
            await hub.past(await asyncio.to_thread(appliance.feed.position))
        except Exception:  # noqa: BLE001 - whatever it is, people are told again as soon as it has passed
            structlog.get_logger().exception("inboxes were not fed")
            await asyncio.sleep(FEED_PAUSE_S)


def _template_engine() -> JinjaTemplateEngine:
    environment = Environment(
        loader=FileSystemLoader(HERE / "pages"), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    environment.globals.update(TEMPLATE_GLOBALS | TEMPLATE_ACCESS)
    return JinjaTemplateEngine.from_environment(environment)


def refuse_cross_site_writes(request: Request[Any, Any, Any]) -> Response[Problem] | None:
    """Refuse what another site's page would have this browser do; browsers say so in `Sec-Fetch-Site` or `Origin`."""
    origin = request.headers.get("origin")
    elsewhere = origin is not None and authority_of(origin).netloc != request.headers.get("host")
    cross_site = request.headers.get("sec-fetch-site") == "cross-site"
    if request.method in ("GET", "HEAD", "OPTIONS") or not (cross_site or elsewhere):
        return None
    return respond(
        Problem(
            title="Forbidden",
            status=403,
            detail="A page of another site asked for this. Open Lampstand itself.",
        )
    )


async def add_guarding_headers(message: Message, scope: Scope) -> None:
    """Every answer, errors and files too, says what a browser may do with it.

    What somebody who is signed in is shown stays in no cache, unless its route says otherwise.
    """
    if message["type"] != "http.response.start":
        return
    headers = MutableScopeHeaders.from_message(message)
    for name, value in SECURITY_HEADERS.items():
        headers[name] = value
    who = scope.get("user")
    if who and who.person:
        headers.setdefault("Cache-Control", "no-store")


def _wants_page(request: Request[Any, Any, Any]) -> bool:
    return not request.url.path.startswith(("/api/", "/schema", "/static")) and "text/html" in request.headers.get(
        "accept", ""
    )


def _answer(request: Request[Any, Any, Any], problem: Problem) -> Response[Any]:
    return problem_page(problem) if _wants_page(request) else respond(problem)


def _on_appliance_error(request: Request[Any, Any, Any], error: ApplianceError) -> Response[Any]:
    """A problem; a page that lacks only a sign-in, or HTTPS, leads there."""
    if _wants_page(request) and request.method == "GET":
        if isinstance(error, HttpsNeeded):
            return Redirect(https_address(request, request.app.state.appliance.settings.https_port), status_code=307)
        if isinstance(error, SignInNeeded):
            target = quote(f"{request.url.path}?{request.url.query}".rstrip("?"))
            return Redirect(f"/sign-in?next_page={target}", status_code=303)
    return _answer(request, problem_of(error))


def _on_http_error(request: Request[Any, Any, Any], error: HTTPException) -> Response[Any]:
    return _answer(request, problem_of_http(error))


def _on_garbled(request: Request[Any, Any, Any], _error: UnicodeDecodeError) -> Response[Any]:
    problem = Problem(title="Bad Request", status=400, detail="The request is not UTF-8. Send it as UTF-8.")
    return _answer(request, problem)


def _on_fault(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    return _answer(request, problem_of_fault(request, error))
