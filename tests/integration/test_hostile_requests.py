"""Requests that no real client sends: each is refused with a message, and none causes a server error."""

import ipaddress
import itertools
import json
import re
import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from fakes.serving import Served, bearer, serving, session

from appliance.community.accounts.secret_tokens import csrf_token

DEEP = "[" * 5_000 + "]" * 5_000
DEEP_OBJECTS = '{"a":' * 5_000 + "1" + "}" * 5_000
JSON_VALUES = [
    DEEP,
    DEEP_OBJECTS,
    '"\\ud800"',
    '"\\udc00\\ud800"',
    '"a\\u0000b"',
    "9" * 400,
    "1e400",
    "-1",
    "9223372036854775808",
    '"%00"',
    "null",
    '["\\u0000"]',
]
BODIES = [DEEP, DEEP_OBJECTS, "{", "null", "9" * 6_000, "\0", '"\\ud800"', "\ufeff{}", ""]
TEXTS = ["\0", "a\0b", "x" * 300, "9" * 6_000, "²", "٣", "1e400", "nan", "../..", "\r\n", "http://[::1", "%"]
PERCENT = ["%00", "a%00b", "%ff", "%ed%a0%80", "%", "%zz", "%u0041", "%5b", "%2e%2e%2f"]
FORM = b"application/x-www-form-urlencoded"
# Each request has its own client address. If one client sent all requests, the server would refuse most of them unread.
CLIENTS = map(str, map(ipaddress.IPv4Address, itertools.count(int(ipaddress.IPv4Address("127.9.0.1")))))
# Excluded: event streams, and requests that end the session of the test.
EXCLUDED = re.compile(r"/events$|/stream$|sign-out|password|/session$")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("site")) as running:
        yield running


def port_of(site: Served) -> int:
    return int(site.url.rpartition(":")[2])


def status_of(site: Served, request: bytes) -> int:
    """The status of the answer to raw bytes; 0 if the server closes the connection without an answer."""
    address = ("127.0.0.1", port_of(site))
    with socket.create_connection(address, timeout=30, source_address=(next(CLIENTS), 0)) as connection:
        connection.sendall(request)
        answer = connection.makefile("rb").readline()
    return int(answer.split()[1]) if answer else 0


def request(
    method: str, path: bytes, *headers: tuple[bytes, bytes], body: bytes = b"", host: bytes = b"127.0.0.1"
) -> bytes:
    lines = [b"%s %s HTTP/1.1" % (method.encode(), path), b"Host: " + host, b"Connection: close"]
    lines += [b"%s: %s" % header for header in headers]
    return b"\r\n".join([*lines, b"Content-Length: %d" % len(body), b"", body])


@pytest.mark.parametrize("path", ["references", "session", "join", "setup", "ask", "jobs", "graph/query"])
@pytest.mark.parametrize("value", [DEEP, DEEP_OBJECTS])
def test_deeply_nested_json_is_refused_everywhere(site: Served, path: str, value: str) -> None:
    for field in ("text", "name", "code", "question", "kind", "query"):
        for client in (site.guest, site.http):
            answer = client.post(
                f"/api/v1/{path}", content=f'{{"{field}": {value}}}', headers={"Content-Type": "application/json"}
            )
            assert answer.status_code in (400, 401, 403, 404, 405, 409, 429), answer.text
            assert "recursion" not in answer.text
    answer = site.guest.post(
        "/api/v1/references", content=f'{{"text": {value}}}', headers={"Content-Type": "application/json"}
    )
    assert (400, "The JSON is nested too deeply. Send fewer levels.") == (answer.status_code, answer.json()["detail"])


@pytest.mark.parametrize(
    "path",
    [
        "/static/%00",
        "/static/a%00b.js",
        "/static/" + "a" * 300,
        "/static/api.js/below",
        "/static/%ff",
        "/static/" + "a/" * 2_000,
        "/static/..%2fapp.py",
        "/static/%2e%2e%2fapp.py",
    ],
)
def test_an_invalid_file_path_is_not_found(site: Served, path: str) -> None:
    answer = site.guest.get(path)
    assert (404, "There is no page at this address.") == (answer.status_code, answer.json()["detail"])


def routes_of(site: Served) -> list[tuple[str, str, dict[str, Any]]]:
    document = site.guest.get("/schema/openapi.json").json()
    routes = [(method, path, route) for path, methods in document["paths"].items() for method, route in methods.items()]
    return [route for route in routes if not EXCLUDED.search(route[1])]


def test_invalid_values_in_paths_and_queries_cause_no_server_error(site: Served) -> None:
    values = [*PERCENT, *(quote(text) for text in TEXTS)]
    for method, path, route in routes_of(site):
        names = [parameter["name"] for parameter in route.get("parameters", []) if parameter["in"] == "query"]
        plain = re.sub(r"{[^}]+}", "1", path)
        targets = [f"{plain}?{name}={value}" for name in names for value in values]
        if plain != path:
            targets += [re.sub(r"{[^}]+}", value, path) for value in values]
        if method == "get":
            for target in targets:
                answer = site.http.get(target)
                assert answer.status_code < 500 or answer.status_code == 503, (target, answer.text)


def test_invalid_values_in_json_cause_no_server_error(site: Served) -> None:
    schemas = site.guest.get("/schema/openapi.json").json()["components"]["schemas"]
    for method, path, route in routes_of(site):
        content = route.get("requestBody", {}).get("content", {}).get("application/json")
        if not content:
            continue
        fields = schemas.get(content["schema"].get("$ref", "").rpartition("/")[2], {}).get("properties", {})
        bodies = [*BODIES, *(json.dumps({field: "x"})[:-4] + f"{value}}}" for field in fields for value in JSON_VALUES)]
        for body in bodies:
            answer = site.http.request(
                method,
                re.sub(r"{[^}]+}", "999", path),
                content=body.encode(),
                headers={"Content-Type": "application/json"},
            )
            assert answer.status_code < 500 or answer.status_code == 503, (path, body[:80], answer.text)


@pytest.mark.parametrize(
    "value",
    [
        b"\xff",
        b"[",
        b"http://[",
        b"lampstand=\xff",
        b'lampstand="\\400"',
        b"Bearer \xff",
        b"9" * 6_000,
        b"\x01",
        b"multipart/form-data",
        b"multipart/form-data; boundary=\xff",
        b"application/json; charset=utf-99",
    ],
)
def test_invalid_headers_cause_no_server_error(site: Served, value: bytes) -> None:
    names = [
        b"Cookie",
        b"Authorization",
        b"Origin",
        b"Accept",
        b"Content-Type",
        b"X-CSRF-Token",
        b"Last-Event-ID",
        b"If-None-Match",
        b"Accept-Encoding",
        b"Sec-Fetch-Site",
        b"Range",
        b"Referer",
    ]
    for name in names:
        for method, path, body in (
            ("GET", b"/", b""),
            ("POST", b"/api/v1/references", b'{"text": ""}'),
            ("POST", b"/sign-in", b"a=%ff"),
        ):
            assert status_of(site, request(method, path, (name, value), body=body)) in range(200, 500), (name, path)


@pytest.mark.parametrize(
    "body",
    [
        b"name=%ff&login=%00",
        b"%",
        b"name=%zz",
        b"\xff=\xff",
        b"name=%ed%a0%80",
        b"=",
        b"&&",
        b"kind=import&location=%00",
        b"kind=import&location=" + b"a" * 900,
        b"minutes=%C2%B2",
        b"until=%C2%B2",
        b"hours=%D9%A3",
    ],
)
def test_invalid_forms_cause_no_server_error(site: Served, body: bytes) -> None:
    cookie = session(site.home)
    signed_in = (b"Cookie", f"lampstand={cookie}".encode()), (b"X-CSRF-Token", csrf_token(cookie).encode())
    part = b'--x\r\nContent-Disposition: form-data; name="\xff"; filename="\0"\r\n\r\n' + body + b"\r\n--x--\r\n"
    for path in (b"/people", b"/classes", b"/jobs", b"/jobs/queues/library/pause", b"/inbox/read", b"/ask"):
        sent = request("POST", path, (b"Content-Type", FORM), *signed_in, body=body)
        assert status_of(site, sent) in range(200, 500), path
        sent = request("POST", path, (b"Content-Type", b"multipart/form-data; boundary=x"), *signed_in, body=part)
        assert status_of(site, sent) in range(200, 500), path


@pytest.mark.parametrize(
    "head",
    [
        b"Host: a\r\nHost: b",
        b"Host: a\r\nHost: a",
        b"Host:",
        b"Host: ",
        b"Accept: */*",
        b"Host: a b",
        b"Host: [",
        b"Host: a,b",
        b"Host: u@a",
        b"Host: a/b",
        b"Host: \xff",
        b"Host: a:b",
        b"Host: http://a",
    ],
)
def test_a_request_needs_exactly_one_host(site: Served, head: bytes) -> None:
    upgrade = b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
    assert 400 == status_of(site, b"GET /api/v1/health HTTP/1.1\r\n%s\r\nConnection: close\r\n\r\n" % head)
    assert 400 == status_of(site, b"GET /api/v1/events/socket HTTP/1.1\r\n%s\r\n%s\r\n\r\n" % (head, upgrade))


@pytest.mark.parametrize("host", [b"127.0.0.1", b"localhost:80", b"[::1]", b"lampstand.local"])
def test_names_and_addresses_are_valid_hosts(site: Served, host: bytes) -> None:
    assert 200 == status_of(site, request("GET", b"/api/v1/health", host=host))


def test_a_websocket_with_invalid_values_is_closed(site: Served) -> None:
    for query in (*PERCENT, "9" * 6_000, quote("²")):
        head = b"GET /api/v1/events/socket?after=%s HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket" % query.encode()
        keys = b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
        authorization = b"Authorization: " + bearer(site.home)["Authorization"].encode()
        status = status_of(site, b"\r\n".join([head, keys, authorization, b"", b""]))
        assert status == 101 or status in range(400, 500), query


def test_invalid_paths_are_not_imported(site: Served) -> None:
    texts = site.home / "texts"
    texts.mkdir(exist_ok=True)
    (texts / "circle").symlink_to("circle")
    (texts / "out").symlink_to("/etc")
    for place in (
        "\0",
        f"{texts}/\0",
        f"{texts}/circle/a",
        f"{texts}/out/passwd",
        f"{texts}/../appliance.db",
        "a" * 1_000,
    ):
        answer = site.http.post("/api/v1/jobs", json={"kind": "import", "location": place})
        assert answer.status_code == 403, (place, answer.text)
    long = site.http.post("/api/v1/jobs", json={"kind": "import", "location": f"{texts}/{'a' * 300}"})
    assert long.status_code in (201, 403)
