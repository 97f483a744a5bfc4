"""Every route is requested with every role. Access follows the rule of the route. A route without a rule is closed."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fakes.serving import Served, bearer, serving, session
from litestar import Litestar, get
from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute
from litestar.testing import TestClient

from appliance.community.accounts.operations import people
from appliance.community.accounts.permissions import MEANING, MIN_ROLE, Permission, Role, permits
from appliance.community.accounts.secret_tokens import csrf_token
from server.app import create_app
from server.bootstrap import Appliance, open_appliance
from server.http.access import BROWSER, PERMISSION, PLAIN

ROOT = Path(__file__).parents[2]
REFUSALS = {"Sign in", "Not allowed", "HTTPS needed", "Forbidden"}


Route = tuple[str, str, dict[str, Any]]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """An empty site with one person per role. Its server listens on a real port."""
    with serving(tmp_path_factory.mktemp("site")) as running:
        yield running


@pytest.fixture(scope="module")
def routes(tmp_path_factory: pytest.TempPathFactory) -> list[Route]:
    """Every path of the application, with the methods of the path and the `opt` of its handler."""
    appliance = open_appliance(tmp_path_factory.mktemp("routes"))
    app = create_app(appliance)
    declared = [
        (method, route.path, dict(handler.opt))
        for route in app.routes
        for handler, methods in _handlers(route)
        for method in methods
        if method not in ("HEAD", "OPTIONS")
    ]
    appliance.close()
    return declared


def _handlers(route: Any) -> list[tuple[Any, list[str]]]:
    if isinstance(route, HTTPRoute):
        by_handler: dict[int, tuple[Any, list[str]]] = {}
        for handler in route.route_handlers:
            assert isinstance(handler, HTTPRouteHandler)
            by_handler[id(handler)] = (handler, sorted(map(str, handler.http_methods)))
        return list(by_handler.values())
    websocket_handler = getattr(route, "route_handler", None)
    return [(websocket_handler, ["WEBSOCKET"])] if websocket_handler else []


PATH_VALUES = {
    "reference": "John.3.16",
    "path": "lamp.svg",
    "translation": "WEB",
    "book": "John",
    "strongs": "G26",
    "chapter": "3",
    "number": "3",
}


def address(path: str) -> str:
    """An address that matches the path of a route. The items in the address need not exist."""
    return re.sub(r"\{(\w+):(\w+)\}", lambda m: PATH_VALUES.get(m[1], "999999" if m[2] == "int" else "none"), path)


def test_every_route_has_a_rule(routes: list[Route]) -> None:
    assert routes
    assert [] == [(method, path) for method, path, opt in routes if opt.get(PERMISSION) not in set(Permission)]
    assert {
        Permission.PUBLIC,
        Permission.READ,
        Permission.ASK,
        Permission.MANAGE_ACCOUNT,
        Permission.MANAGE_CLASSES,
        Permission.ADMINISTER,
    } == {opt[PERMISSION] for _method, _path, opt in routes}


@pytest.mark.parametrize("guests_may_read", [True, False], ids=["guests read", "guests do not read"])
@pytest.mark.parametrize("role", list(Role))
def test_each_role_may_use_only_the_routes_of_its_permissions(
    routes: list[Route], site: Served, role: Role, guests_may_read: bool
) -> None:
    site.http.put("/api/v1/site", json={"guests_may_read": guests_may_read}).raise_for_status()
    headers = {} if role is Role.GUEST else bearer(site.home, role)
    wrong = []
    with httpx.Client(base_url=site.url, headers=headers, trust_env=False, timeout=30) as client:
        for method, path, opt in routes:
            if method == "WEBSOCKET":
                continue
            refused = is_refused(client, method, address(path))
            permitted = permits(role, opt[PERMISSION], guests_may_read=guests_may_read or role is not Role.GUEST)
            permitted = permitted and not opt[BROWSER]  # the request uses a token
            if refused == permitted:
                wrong.append((method, path, opt[PERMISSION], "refused" if refused else "allowed"))
    site.http.put("/api/v1/site", json={"guests_may_read": True}).raise_for_status()

    assert [] == wrong


def is_refused(client: httpx.Client, method: str, path: str) -> bool:
    """Whether the guard refuses the request. An error of the route itself about an empty request does not count."""
    with client.stream(method, path, headers={"Accept": "application/json"}) as response:
        if response.headers.get("content-type", "").startswith("text/event-stream"):
            return False
        problem = httpx.Response(200, content=response.read())
        if response.status_code not in (401, 403) or "json" not in response.headers["content-type"]:
            return False
        return problem.json()["title"] in REFUSALS


def set_guests_may_read(appliance: Appliance, *, allowed: bool) -> None:
    with appliance.appliance_db.write() as work:
        people.set_guests_may_read(work, allowed=allowed, now=appliance.clock.time())


def test_the_guard_also_checks_websockets(tmp_path: Path) -> None:
    appliance = open_appliance(tmp_path)
    set_guests_may_read(appliance, allowed=False)
    with TestClient(create_app(appliance), base_url="https://127.0.0.1") as client:
        with (
            pytest.raises(Exception, match="Sign in"),
            client.websocket_connect("wss://127.0.0.1/api/v1/events/socket"),
        ):
            pass
        set_guests_may_read(appliance, allowed=True)
        other_origin = {"Origin": "https://evil.example"}
        with (
            pytest.raises(Exception, match="another website"),
            client.websocket_connect("wss://127.0.0.1/api/v1/events/socket", headers=other_origin),
        ):
            pass
        with client.websocket_connect("wss://127.0.0.1/api/v1/events/socket"):
            pass


def test_a_route_without_a_rule_is_closed_to_administrators(tmp_path: Path) -> None:
    @get("/forgotten")
    async def forgotten() -> str:
        return "secret"

    appliance = open_appliance(tmp_path)
    app: Litestar = create_app(appliance)
    app.register(forgotten)
    with TestClient(app, base_url="http://127.0.0.1") as client:
        response = client.get("/forgotten", headers=bearer(tmp_path))

    assert 403 == response.status_code
    assert "secret" not in response.text


def test_over_plain_http_other_machines_can_only_read_and_are_redirected_to_https(
    routes: list[Route], site: Served
) -> None:
    wrong = []
    with httpx.Client(
        base_url=site.url, headers={"Host": "lampstand.local:8316"}, trust_env=False, timeout=30
    ) as client:
        for method, path, opt in routes:
            if method != "WEBSOCKET" and is_refused(client, method, address(path)) == opt[PLAIN]:
                wrong.append((method, path))
        page = client.get("/sign-in?next_page=/people", headers={"Accept": "text/html"})
        cookie = client.get("/api/v1/session", headers={"Cookie": f"lampstand={session(site.home)}"}).json()

    assert [] == wrong
    assert f"https://lampstand.local:{site.https_port}/sign-in?next_page=/people" == page.headers["location"]
    assert "guest" == cookie["role"], "a cookie sent over plain HTTP does not sign in"


def test_a_page_for_members_redirects_to_the_sign_in_page_and_back(site: Served) -> None:
    redirect = site.guest.get("/ask?q=love", headers={"Accept": "text/html"})
    page = site.guest.get(redirect.headers["location"], headers={"Accept": "text/html"})

    assert (303, "/sign-in?next_page=/ask%3Fq%3Dlove") == (redirect.status_code, redirect.headers["location"])
    assert 'name="next_page" value="/ask?q=love"' in page.text


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"]
)
def test_the_sign_in_page_does_not_redirect_to_other_sites(site: Served, target: str) -> None:
    form = {"name": "administrator", "password": "seven green lamps burn", "next_page": target}

    assert "/" == site.guest.post("/sign-in", data=form).headers["location"]
    site.guest.cookies.clear()


def test_a_change_by_a_browser_needs_the_csrf_token_of_its_session(site: Served) -> None:
    token = session(site.home)
    with httpx.Client(base_url=site.url, cookies={"lampstand": token}, trust_env=False) as browser:
        without = browser.post("/api/v1/classes", json={"name": "Sunday"})
        wrong = browser.post("/api/v1/classes", json={"name": "Sunday"}, headers={"X-CSRF-Token": "0" * 64})
        form_without = browser.post("/classes", data={"name": "Sunday"})
        form = browser.post("/classes", data={"name": "Sunday", "csrf": csrf_token(token)})
        right = browser.post("/api/v1/classes", json={"name": "Monday"}, headers={"X-CSRF-Token": csrf_token(token)})
        cross_site = browser.post(
            "/api/v1/classes",
            json={"name": "Tuesday"},
            headers={"X-CSRF-Token": csrf_token(token), "Origin": "http://evil.example"},
        )

    assert [403, 403, 403, 303, 201, 403] == [
        answer.status_code for answer in (without, wrong, form_without, form, right, cross_site)
    ]


def test_the_readme_has_the_table_of_roles() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    ranks = [Role.GUEST, Role.MEMBER, Role.LEADER, Role.ADMINISTRATOR]
    cells = {
        permission: ["yes" if ranks.index(role) >= ranks.index(MIN_ROLE[permission]) else "" for role in ranks]
        for permission in Permission
        if permission is not Permission.PUBLIC
    }
    cells[Permission.READ][0] = "unless forbidden"
    rows = [
        f"| {MEANING[permission]} | {' | '.join(row)} |".replace("|  |", "| |").replace("|  |", "| |")
        for permission, row in cells.items()
    ]

    assert [] == [row for row in rows if row not in readme]
