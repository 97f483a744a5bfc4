"""Every route, role by role: who may use it is what its rule says, and a route without a rule is closed."""

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
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """An empty house with somebody of each role, over a real port."""
    with serving(tmp_path_factory.mktemp("house")) as running:
        yield running


@pytest.fixture(scope="module")
def routes(tmp_path_factory: pytest.TempPathFactory) -> list[Route]:
    """Every address of the application with its methods and what its handler declares."""
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
    only = getattr(route, "route_handler", None)
    return [(only, ["WEBSOCKET"])] if only else []


KNOWN = {
    "reference": "John.3.16",
    "path": "lamp.svg",
    "translation": "WEB",
    "book": "John",
    "strongs": "G26",
    "chapter": "3",
    "number": "3",
}


def address(path: str) -> str:
    """An address of a route; what it names need not be there."""
    return re.sub(r"\{(\w+):(\w+)\}", lambda m: KNOWN.get(m[1], "999999" if m[2] == "int" else "none"), path)


def test_every_route_has_a_rule(routes: list[Route]) -> None:
    assert routes
    assert [] == [(method, path) for method, path, opt in routes if opt.get(PERMISSION) not in set(Permission)]
    assert {
        Permission.ENTER,
        Permission.READ,
        Permission.ASK,
        Permission.OWN,
        Permission.LEAD,
        Permission.ADMINISTER,
    } == {opt[PERMISSION] for _method, _path, opt in routes}


@pytest.mark.parametrize("guests_may_read", [True, False], ids=["guests read", "guests do not"])
@pytest.mark.parametrize("role", list(Role))
def test_each_role_may_use_what_the_table_says_and_nothing_else(
    routes: list[Route], house: Served, role: Role, guests_may_read: bool
) -> None:
    house.http.put("/api/v1/house", json={"guests_may_read": guests_may_read}).raise_for_status()
    headers = {} if role is Role.GUEST else bearer(house.home, role)
    wrong = []
    with httpx.Client(base_url=house.url, headers=headers, trust_env=False, timeout=30) as client:
        for method, path, opt in routes:
            if method == "WEBSOCKET":
                continue
            refused = is_refused(client, method, address(path))
            permitted = permits(role, opt[PERMISSION], guests_may_read=guests_may_read or role is not Role.GUEST)
            permitted = permitted and not opt[BROWSER]  # asked with a token
            if refused == permitted:
                wrong.append((method, path, opt[PERMISSION], "refused" if refused else "let through"))
    house.http.put("/api/v1/house", json={"guests_may_read": True}).raise_for_status()

    assert [] == wrong


def is_refused(client: httpx.Client, method: str, path: str) -> bool:
    """Whether the guard says no; what the route itself then finds wrong with an empty request is its own matter."""
    with client.stream(method, path, headers={"Accept": "application/json"}) as response:
        if response.headers.get("content-type", "").startswith("text/event-stream"):
            return False
        problem = httpx.Response(200, content=response.read())
        if response.status_code not in (401, 403) or "json" not in response.headers["content-type"]:
            return False
        return problem.json()["title"] in REFUSALS


def let_guests_read(appliance: Appliance, *, allowed: bool) -> None:
    with appliance.appliance_db.write() as work:
        people.let_guests_read(work, allowed=allowed, now=appliance.clock.time())


def test_a_websocket_is_guarded_too(tmp_path: Path) -> None:
    appliance = open_appliance(tmp_path)
    let_guests_read(appliance, allowed=False)
    with TestClient(create_app(appliance), base_url="https://127.0.0.1") as client:
        with (
            pytest.raises(Exception, match="Sign in"),
            client.websocket_connect("wss://127.0.0.1/api/v1/events/socket"),
        ):
            pass
        let_guests_read(appliance, allowed=True)
        stranger = {"Origin": "https://evil.example"}
        with (
            pytest.raises(Exception, match="another site"),
            client.websocket_connect("wss://127.0.0.1/api/v1/events/socket", headers=stranger),
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


def test_over_plain_http_other_machines_read_and_are_sent_to_https_for_the_rest(
    routes: list[Route], house: Served
) -> None:
    wrong = []
    with httpx.Client(
        base_url=house.url, headers={"Host": "lampstand.local:8316"}, trust_env=False, timeout=30
    ) as client:
        for method, path, opt in routes:
            if method != "WEBSOCKET" and is_refused(client, method, address(path)) == opt[PLAIN]:
                wrong.append((method, path))
        page = client.get("/sign-in?next_page=/people", headers={"Accept": "text/html"})
        cookie = client.get("/api/v1/session", headers={"Cookie": f"lampstand={session(house.home)}"}).json()

    assert [] == wrong
    assert f"https://lampstand.local:{house.https_port}/sign-in?next_page=/people" == page.headers["location"]
    assert "guest" == cookie["role"], "a cookie that was overheard is worth nothing"


def test_a_page_for_members_leads_to_the_sign_in_page_and_back(house: Served) -> None:
    away = house.guest.get("/ask?q=love", headers={"Accept": "text/html"})
    page = house.guest.get(away.headers["location"], headers={"Accept": "text/html"})

    assert (303, "/sign-in?next_page=/ask%3Fq%3Dlove") == (away.status_code, away.headers["location"])
    assert 'name="next_page" value="/ask?q=love"' in page.text


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"]
)
def test_the_sign_in_page_leads_nowhere_else(house: Served, target: str) -> None:
    form = {"name": "administrator", "password": "seven green lamps burn", "next_page": target}

    assert "/" == house.guest.post("/sign-in", data=form).headers["location"]
    house.guest.cookies.clear()


def test_what_a_browser_changes_needs_the_token_of_its_session(house: Served) -> None:
    token = session(house.home)
    with httpx.Client(base_url=house.url, cookies={"lampstand": token}, trust_env=False) as browser:
        without = browser.post("/api/v1/classes", json={"name": "Sunday"})
        wrong = browser.post("/api/v1/classes", json={"name": "Sunday"}, headers={"X-CSRF-Token": "0" * 64})
        form_without = browser.post("/classes", data={"name": "Sunday"})
        form = browser.post("/classes", data={"name": "Sunday", "csrf": csrf_token(token)})
        right = browser.post("/api/v1/classes", json={"name": "Monday"}, headers={"X-CSRF-Token": csrf_token(token)})
        elsewhere = browser.post(
            "/api/v1/classes",
            json={"name": "Tuesday"},
            headers={"X-CSRF-Token": csrf_token(token), "Origin": "http://evil.example"},
        )

    assert [403, 403, 403, 303, 201, 403] == [
        each.status_code for each in (without, wrong, form_without, form, right, elsewhere)
    ]


def test_the_readme_has_the_table_of_roles() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    ranks = [Role.GUEST, Role.MEMBER, Role.LEADER, Role.ADMINISTRATOR]
    cells = {
        permission: ["yes" if ranks.index(role) >= ranks.index(MIN_ROLE[permission]) else "" for role in ranks]
        for permission in Permission
        if permission is not Permission.ENTER
    }
    cells[Permission.READ][0] = "unless forbidden"
    rows = [
        f"| {MEANING[permission]} | {' | '.join(row)} |".replace("|  |", "| |").replace("|  |", "| |")
        for permission, row in cells.items()
    ]

    assert [] == [row for row in rows if row not in readme]
