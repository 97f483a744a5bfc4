"""Generated requests to every operation of the API, as each role: no request makes the server fail.

Valid and invalid requests are generated from the OpenAPI document of the running server. The test fails only if there is
a server error, because the document does not describe error answers yet.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
import schemathesis
from fakes.serving import Served, bearer, serving
from hypothesis import HealthCheck, Phase, Verbosity, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.core.result import Ok
from schemathesis.schemas import APIOperation

from appliance.community.accounts.permissions import Role
from appliance.infrastructure.database import Database
from appliance.infrastructure.paths import DataFolder
from appliance.scripture.importers.detect import open_sources
from appliance.scripture.operations import import_source
from server.bootstrap import LIBRARY_MIGRATIONS

Operation = APIOperation[Any, Any, Any, Any]
# The number of requests per operation. For some operations fewer different requests exist.
PER_OPERATION, PER_OPERATION_IN_A_SOAK = 2, 46
TIMEOUT_S = 30
# Excluded operations, with the reason.
EXCLUDED = {
    "DELETE /api/v1/people/{person_id}": "it may delete the person who sends the requests",
    "PUT /api/v1/people/{person_id}/role": "it may change the role of the person who sends the requests",
    "PUT /api/v1/people/{person_id}/password": "it deletes the token of the person who sends the requests",
    "DELETE /api/v1/account/tokens/{token_id}": "it may delete the token in use",
    "DELETE /api/v1/session": "it signs the caller out",
    "PUT /api/v1/site": "it may end guest access",
    "POST /api/v1/jobs": "it starts long jobs: imports, downloads, builds",
    "POST /api/v1/jobs/{job_id}/retry": "it starts long jobs again",
    "GET /api/v1/events": "its answer never ends",
}
# Values that exist on the site. Without such values, nearly all requests would get the status 404.
EXISTING_VALUES = {
    "ref": ["John 3:1-3", "Psalm 1", "John 3", "John 3:1-Psalm 1:1"],
    "translation": ["Made"],
    "translations": ["Made", "Made,Made"],
    "book": ["John", "ps"],
    "chapter": ["3", "1"],
    "strongs": ["G3087"],
    "q": ["light", "John 3:1", "G3087", "the sea"],
    "mode": ["keyword", "hybrid", "semantic", "strongs"],
    "range": ["John 3"],
    "prefix": ["l"],
    "after": [""],
}
VERSES = """<?xml version="1.0" encoding="UTF-8"?>
<osis xmlns="http://www.bibletechnologies.net/2003/OSIS/namespace">
<osisText osisIDWork="Made" xml:lang="en">
<header><work osisWork="Made"><title>Made Up</title><rights>Public Domain</rights><refSystem>Bible.KJV</refSystem></work></header>
<div type="book" osisID="John"><chapter osisID="John.3">
<verse osisID="John.3.1">A lamp stood on a <w lemma="strong:G3087">stand</w><note placement="foot">Or: table.</note> in the house.</verse>
<verse osisID="John.3.2">Everyone who came in saw the light, and no one stumbled.</verse>
<verse osisID="John.3.3"><q who="Jesus">Keep oil in the lamp</q>, said the master of the house.</verse>
</chapter></div>
<div type="book" osisID="Ps"><chapter osisID="Ps.1">
<verse osisID="Ps.1.1">Seven rivers ran down to the sea, and the sea was not full.</verse>
</chapter></div></osisText></osis>
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A site with four invented verses and no models."""
    home = DataFolder(tmp_path_factory.mktemp("site")).create()
    text = home.home / "made.xml"
    text.write_text(VERSES, encoding="utf-8")
    library = Database(home.library_db, LIBRARY_MIGRATIONS)
    library.migrate()
    with open_sources(str(text)) as sources:
        import_source(library, sources[0])
    library.close()
    # Nothing listens at this address, so no model is started.
    (home.home / "settings.toml").write_text('models_address = "http://127.0.0.1:9"\n', encoding="utf-8")
    with serving(home.home) as running:
        yield running


@pytest.fixture(scope="module")
def operations(site: Served) -> list[Operation]:
    """The operations that requests are generated for."""
    document = site.guest.get("/schema/openapi.json").json()
    schema = schemathesis.openapi.from_dict(document)
    operations = [result.ok() for result in schema.get_all_operations() if isinstance(result, Ok)]
    assert set() == EXCLUDED.keys() - {operation.label for operation in operations}, "every excluded operation exists"
    return [operation for operation in operations if operation.label not in EXCLUDED]


def faults(operation: Operation, send: Callable[[Case[Any]], requests.Response], count: int) -> list[str]:
    """Send requests of an operation. Return the requests that made the server fail, as curl commands."""
    failed: list[str] = []
    cases = operation.as_strategy(GenerationMode.POSITIVE) | operation.as_strategy(GenerationMode.NEGATIVE)

    @settings(
        max_examples=count,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        verbosity=Verbosity.quiet,
        suppress_health_check=list(HealthCheck),
    )
    @given(
        case=cases,
        values=st.none() | st.fixed_dictionaries({name: st.sampled_from(v) for name, v in EXISTING_VALUES.items()}),
    )
    def check(case: Case[Any], values: dict[str, str] | None) -> None:
        for part in (case.path_parameters, case.query):
            if values and isinstance(part, dict):
                part.update({name: values[name] for name in part.keys() & values.keys()})
        try:
            answer = send(case)
        except requests.RequestException as error:
            failed.append(f"{type(error).__name__}: {case.as_curl_command()}")
            return
        if answer.status_code >= 500 and not is_unavailable(answer):
            failed.append(f"{answer.status_code}: {case.as_curl_command()}")

    check()
    return failed


def is_unavailable(answer: requests.Response) -> bool:
    """Whether the answer has the status 503 and a sentence as its detail."""
    return answer.status_code == 503 and str(answer.json().get("detail", "")).endswith(".")


@pytest.mark.parametrize("role", [Role.GUEST, Role.MEMBER, Role.LEADER, Role.ADMINISTRATOR])
@pytest.mark.parametrize(
    "count", [PER_OPERATION, pytest.param(PER_OPERATION_IN_A_SOAK, marks=pytest.mark.soak)], ids=["few", "soak"]
)
def test_no_generated_request_makes_the_server_fail(
    site: Served, operations: list[Operation], role: Role, count: int
) -> None:
    failed: list[str] = []
    answered: dict[int, int] = {}
    with requests.Session() as connection:
        connection.trust_env = False
        if role is not Role.GUEST:
            connection.headers.update(bearer(site.home, role))

        def send(case: Case[Any]) -> requests.Response:
            arguments = case.as_transport_kwargs(base_url=site.url)
            arguments["headers"] = dict(arguments.get("headers") or {}) | dict(connection.headers)
            answer = connection.request(**arguments, timeout=TIMEOUT_S, allow_redirects=False)
            answered[answer.status_code] = answered.get(answer.status_code, 0) + 1
            return answer

        for operation in operations:
            failed += faults(operation, send, count)
        me = connection.get(f"{site.url}/api/v1/session", timeout=TIMEOUT_S).json()
    print(f"{role}: {sum(answered.values())} requests, {sorted(answered.items())}")

    assert [] == failed
    assert role == me["role"], "the token is still valid"
    assert answered[200] > count, "some requests succeed"


def nested(key: str, depth: int, opening: str = "[", closing: str = "]") -> bytes:
    """A JSON object whose value is nested."""
    return f'{{"{key}": {opening * depth}{closing * depth}}}'.encode()


JSON_ROUTES = {"references": "text", "session": "name", "join": "code", "setup": "code"}
BODIES = [
    *(nested("{key}", depth) for depth in (971, 5_000, 100_000)),
    nested("{key}", 971, '{"a":', "}"),
    b'{"{key}": ' + b"9" * 6_000 + b"}",
    b'{"{key}": 1e999}',
    b'{"{key}": NaN}',
    b'{"{key}": "\\ud800"}',
    b'{"{key}": "\\u0000"}',
    b'{"{key}": "\xff\xfe"}',
    b'{"{key}": "' + b"x" * (1 << 20) + b'"}',
    b"\x00",
    b"",
    b"null",
    b'"text"',
    b"{",
]


@pytest.mark.parametrize("route", JSON_ROUTES)
@pytest.mark.parametrize("number", range(len(BODIES)))
def test_an_invalid_body_is_a_client_error(site: Served, route: str, number: int) -> None:
    body = BODIES[number].replace(b"{key}", JSON_ROUTES[route].encode())
    answer = site.guest.post(f"/api/v1/{route}", content=body, headers={"Content-Type": "application/json"})

    assert answer.status_code < 500, answer.text
    assert answer.is_success or answer.json()["detail"]


INVALID_NAMES = [
    "%00",
    "a%00b.js",
    "x" * 300,
    "%ff",
    "%2e%2e%2f%2e%2e%2fapp.py",
    "%F0%9F%95%AF",
    "a%0ab.js",
    "%5c",
    "con",
    "",
]


@pytest.mark.parametrize("name", INVALID_NAMES)
def test_an_invalid_static_path_is_not_found(site: Served, name: str) -> None:
    assert site.guest.get(f"/static/{name}").status_code in (400, 404)


NUMBER = "9" * 6_000
INVALID_PATHS = [
    "/api/v1/passages?ref=%00",
    "/api/v1/passages?ref=%ff%fe",
    "/api/v1/passages?ref=%ed%a0%80",
    f"/api/v1/passages?ref=John+{NUMBER}",
    f"/api/v1/passages?ref=John+3:{NUMBER}",
    f"/api/v1/comments?ref=John+{NUMBER}",
    f"/api/v1/search?q=light&limit={NUMBER}",
    "/api/v1/search?q=light&limit=1e400",
    "/api/v1/search?q=%00",
    "/api/v1/search?q=light&cursor=%00",
    f"/api/v1/search?q=light&range=John+{NUMBER}",
    "/api/v1/suggest?q=%00",
    f"/api/v1/lexicon/G{NUMBER}",
    f"/api/v1/lexicon/G{NUMBER}/uses",
    "/api/v1/lexicon/%00",
    "/api/v1/lexicon/G26/uses?after=" + NUMBER,
    f"/api/v1/chapters/Made/John/{NUMBER}",
    "/api/v1/chapters/Made/%00/3",
    "/api/v1/chapters/%00/John/3",
    "/api/v1/translations/%00/books",
    "/api/v1/topics?prefix=%00",
    "/api/v1/topics/%00",
    "/api/v1/entities/%00",
    f"/api/v1/related?ref=John+{NUMBER}",
    f"/api/v1/related?ref=John+3:1&limit={NUMBER}",
    "/api/v1/messages/%00",
    f"/read/Made/John/{NUMBER}",
    "/read/%00/John/3",
    "/search?q=%00",
    f"/search?q=John+{NUMBER}",
    f"/word/G{NUMBER}",
    "/verse/%00",
    "/topics?prefix=%00",
    "/%00",
    "/%ff",
    "/api/v1/%00",
    "/" + "x" * 5_000,
]
INVALID_PATHS_OF_MEMBERS = [
    f"/api/v1/jobs/{NUMBER}",
    f"/api/v1/jobs/{1 << 63}",
    f"/api/v1/jobs?before={1 << 63}",
    f"/api/v1/jobs?before={NUMBER}",
    f"/api/v1/notifications?before={1 << 63}",
    f"/api/v1/notifications?limit={NUMBER}",
    f"/api/v1/people/{1 << 63}",
    f"/people/{1 << 63}/remove",
    f"/people/{NUMBER}/remove",
    "/ask/%00",
    "/jobs?before=%00",
    "/inbox?before=%00",
]


@pytest.mark.parametrize("number", range(len(INVALID_PATHS)))
def test_an_invalid_url_is_a_client_error(site: Served, number: int) -> None:
    assert site.guest.get(INVALID_PATHS[number]).status_code < 500


@pytest.mark.parametrize("number", range(len(INVALID_PATHS_OF_MEMBERS)))
def test_an_invalid_url_of_a_member_is_a_client_error(site: Served, number: int) -> None:
    assert site.http.get(INVALID_PATHS_OF_MEMBERS[number]).status_code < 500


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE"])
def test_a_number_out_of_range_is_not_found(site: Served, method: str) -> None:
    for path in (
        "people/{}/role",
        "people/{}/password",
        "people/{}",
        "jobs/{}/cancel",
        "classes/{}/close",
        "account/sessions/{}",
        "account/tokens/{}",
        "notifications/{}/read",
        "notifications/addresses/{}",
    ):
        for number in (1 << 63, 1 << 200, -1, 0):
            answer = site.http.request(
                method, f"/api/v1/{path.format(number)}", json={"role": "member", "password": "x"}
            )
            assert answer.status_code < 500, (method, path, number)
