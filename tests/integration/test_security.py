"""The statements of docs/security.md are true. (Access rules are tested in test_access.py.)"""

import re
import socket
import ssl
import time
from collections.abc import Iterator
from ipaddress import IPv4Address
from pathlib import Path

import httpx
import pytest
from fakes.accounts import PASSWORD
from fakes.serving import Served, bearer, serving, session

from appliance.community.accounts import queries
from appliance.community.accounts.permissions import Role
from appliance.community.accounts.person import Identity
from appliance.community.accounts.secret_tokens import csrf_token
from appliance.infrastructure.certificates import ensure_certificates, today
from appliance.infrastructure.database import Database
from appliance.infrastructure.exposed_keys import MARK
from server.bootstrap import APPLIANCE_MIGRATIONS
from server.http.access import audiences_of

ROOT = Path(__file__).parents[2]
LEVEL_1 = """
1.2.1 1.2.2 1.2.3 1.2.4 1.2.5 1.3.1 1.3.2 1.5.1 2.1.1 2.2.1 2.2.2 2.3.1 3.2.1 3.2.2 3.3.1 3.4.1 3.4.2 3.5.1 3.5.2 3.5.3
4.1.1 4.4.1 5.2.1 5.2.2 5.3.1 5.3.2 6.1.1 6.2.1 6.2.2 6.2.3 6.2.4 6.2.5 6.2.6 6.2.7 6.2.8 6.3.1 6.3.2 6.4.1 6.4.2 7.2.1
7.2.2 7.2.3 7.2.4 7.4.1 7.4.2 8.1.1 8.2.1 8.2.2 8.3.1 9.1.1 9.1.2 9.1.3 9.2.1 10.4.1 10.4.2 10.4.3 10.4.4 10.4.5 11.3.1
11.3.2 11.4.1 12.1.1 12.2.1 12.2.2 13.4.1 14.2.1 14.3.1 15.1.1 15.2.1 15.3.1
""".split()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("site")) as running:
        yield running


@pytest.fixture
def browser(site: Served) -> Iterator[httpx.Client]:
    """A browser in which the administrator is signed in."""
    token = session(site.home)
    headers = {"X-CSRF-Token": csrf_token(token), "Accept": "text/html"}
    with httpx.Client(base_url=site.url, cookies={"lampstand": token}, headers=headers, trust_env=False) as client:
        yield client


def test_the_page_covers_every_requirement_and_names_existing_tests() -> None:
    page = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    lines = set()
    for first, last in re.findall(r"(\d+\.\d+\.\d+)(?: to (\d+\.\d+\.\d+))?", page.partition("## ASVS")[2]):
        lines |= {
            requirement for requirement in LEVEL_1 if _order(first) <= _order(requirement) <= _order(last or first)
        }
    missing = []
    for path, name in re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", page):
        file = ROOT / path
        if not file.exists() or (name and f"def {name}(" not in file.read_text(encoding="utf-8")):
            missing.append((path, name))

    assert [] == [requirement for requirement in LEVEL_1 if requirement not in lines]
    assert [] == missing


def test_only_administrators_see_that_keys_of_an_earlier_version_need_renewal(
    site: Served, browser: httpx.Client
) -> None:
    tls = site.home / "tls"
    ensure_certificates(tls, ["localhost"], [IPv4Address("127.0.0.1")], today())
    assert "earlier version" not in browser.get("/").text

    (tls / MARK).unlink()

    assert "lampstand tls renew --new-authority" in browser.get("/").text
    assert "earlier version" not in site.guest.get("/", headers={"Accept": "text/html"}).text


def _order(line: str) -> list[int]:
    return [int(part) for part in line.split(".")]


@pytest.mark.parametrize(
    "path", ["/", "/sign-in", "/people", "/api/v1/health", "/static/lampstand.css", "/nowhere", "/api/v1/nowhere"]
)
def test_every_answer_has_security_headers(browser: httpx.Client, path: str) -> None:
    answer = browser.get(path, headers={"Origin": "http://evil.example"})
    policy = answer.headers["content-security-policy"]

    assert "nosniff" == answer.headers["x-content-type-options"]
    assert {"default-src 'self'", "object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"} <= set(
        policy.split("; ")
    )
    assert "unsafe-inline" not in policy
    assert "access-control-allow-origin" not in answer.headers
    kind = answer.headers["content-type"]
    assert kind.startswith(("application/json", "application/problem+json")) or "charset=utf-8" in kind


def test_scripts_never_write_html() -> None:
    scripts = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "server" / "static").glob("*.js"))

    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(", scripts)


def test_password_fields_are_masked_and_support_password_managers() -> None:
    fields = [
        field
        for path in (ROOT / "server" / "pages").glob("*.html")
        for field in re.findall(r"<input[^>]*>", path.read_text(encoding="utf-8"))
        if re.search(r'name="(password|old|new)"', field)
    ]

    assert len(fields) >= 5
    assert [] == [field for field in fields if 'type="password"' not in field or 'autocomplete="' not in field]


def test_signing_in_again_ends_the_older_session(site: Served) -> None:
    session(site.home)
    with httpx.Client(base_url=site.url, trust_env=False) as client:
        form = {"name": "administrator", "password": PASSWORD}
        client.post("/sign-in", data=form)
        older = client.cookies["lampstand"]
        client.post("/sign-in", data={**form, "csrf": csrf_token(older)})
        newer = client.cookies["lampstand"]

    assert older != newer
    for token, role in ((older, "guest"), (newer, "administrator")):
        assert role == site.guest.get("/api/v1/session", headers={"Cookie": f"lampstand={token}"}).json()["role"]


def test_signing_out_clears_the_browser_cache(browser: httpx.Client, site: Served) -> None:
    token = browser.cookies["lampstand"]
    answer = browser.post("/account/sign-out")

    assert '"cache"' == answer.headers["clear-site-data"]
    assert "Max-Age=0" in answer.headers["set-cookie"]
    assert "guest" == site.guest.get("/api/v1/session", headers={"Cookie": f"lampstand={token}"}).json()["role"]


def test_pages_of_a_person_are_not_cached_by_the_browser(browser: httpx.Client, site: Served) -> None:
    assert "no-store" == browser.get("/account").headers["cache-control"]
    assert "cache-control" not in site.guest.get("/sign-in").headers


def test_the_password_form_offers_to_delete_tokens(site: Served) -> None:
    account = {"name": "Cara", "password": PASSWORD}
    site.http.post("/api/v1/people", json=account).raise_for_status()
    with httpx.Client(base_url=site.url, headers={"Accept": "text/html"}, trust_env=False) as cara:
        csrf = cara.post("/api/v1/session", json=account).json()["csrf_token"]
        token_request, headers = {"name": "t", "scopes": ["read"]}, {"X-CSRF-Token": csrf}
        assert "remove_tokens" not in cara.get("/account").text
        tokens = [
            cara.post("/api/v1/account/tokens", json=token_request, headers=headers).json()["token"] for _ in range(2)
        ]
        assert "Also remove my 2 API tokens" in cara.get("/account").text
        form = {"old": PASSWORD, "new": "nine blue rivers run", "remove_tokens": "on", "csrf": csrf}
        assert 303 == cara.post("/account/password", data=form).status_code
        assert [] == cara.get("/api/v1/account/tokens").json()["tokens"]

    for token in tokens:
        answer = site.guest.get("/api/v1/session", headers={"Authorization": f"Bearer {token}"})
        assert 401 == answer.status_code


def test_private_data_of_one_person_is_hidden_from_others(site: Served) -> None:
    with (
        httpx.Client(base_url=site.url, headers=bearer(site.home, Role.ADMINISTRATOR), trust_env=False) as anna,
        httpx.Client(base_url=site.url, headers=bearer(site.home, Role.MEMBER), trust_env=False) as ben,
    ):
        job = anna.post("/api/v1/jobs", json={"kind": "backup"}).json()
        session(site.home, Role.ADMINISTRATOR)
        sessions = anna.get("/api/v1/account/sessions").json()["sessions"]
        token = anna.get("/api/v1/account/tokens").json()["tokens"][0]
        refused = [
            ben.get(f"/api/v1/jobs/{job['id']}"),
            ben.post(f"/api/v1/jobs/{job['id']}/cancel"),
            ben.delete(f"/api/v1/account/sessions/{sessions[0]['id']}"),
            ben.delete(f"/api/v1/account/tokens/{token['id']}"),
        ]
        visible_jobs = ben.get("/api/v1/jobs").json()["jobs"]

    assert [404] * 4 == [answer.status_code for answer in refused]
    assert job["id"] not in [visible_job["id"] for visible_job in visible_jobs]


def test_no_answer_contains_a_secret(site: Served) -> None:
    answers = "".join(
        site.http.get(f"/api/v1/{path}").text
        for path in ("people", "account/tokens", "account/sessions", "session", "site")
    )

    assert not re.search(r"fingerprint|argon2|lamp_\w", answers)


def test_a_browser_can_import_from_two_folders_only(site: Served) -> None:
    for location in ("/etc/passwd", "/usr/share/sword/../../../etc/passwd", "pythonbible:WEB", "", "."):
        answer = site.http.post("/api/v1/jobs", json={"kind": "import", "location": location})
        assert (403, "Not allowed") == (answer.status_code, answer.json()["title"]), location


@pytest.mark.parametrize(
    "path", ["/.git/config", "/static/../access.py", "/static/%2e%2e/access.py", "/static/", "/settings.toml"]
)
def test_only_static_files_are_served(site: Served, path: str) -> None:
    assert site.guest.get(path).status_code in (401, 404)


def test_tls_versions_before_1_2_are_refused(tmp_path: Path) -> None:
    with serving(tmp_path / "home", host="127.0.0.2") as running:
        supported = {}
        for version in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            context.set_ciphers("ALL:@SECLEVEL=0")
            context.minimum_version = context.maximum_version = version
            try:
                with socket.create_connection(("127.0.0.2", running.https_port)) as plain, context.wrap_socket(plain):
                    supported[version.name] = True
            except ssl.SSLError:
                supported[version.name] = False

    assert {"TLSv1": False, "TLSv1_1": False, "TLSv1_2": True, "TLSv1_3": True} == supported


def test_a_token_cannot_create_tokens_or_change_passwords(site: Served) -> None:
    refused = [
        site.http.post("/api/v1/account/tokens", json={"name": "t", "scopes": ["administer"]}),
        site.http.post("/api/v1/account/login", json={"name": "eve", "password": PASSWORD}),
        site.http.post("/api/v1/account/password", json={"old": PASSWORD, "new": "nine blue rivers run"}),
    ]

    assert [(403, "An API token cannot do this. Sign in with a browser.")] * 3 == [
        (answer.status_code, answer.json()["detail"]) for answer in refused
    ]


def test_the_scopes_of_a_token_decide_its_event_audiences(browser: httpx.Client, site: Served) -> None:
    audiences = {}
    for scopes in (["read"], ["read", "manage-account"], ["read", "administer"]):
        secret = browser.post("/api/v1/account/tokens", json={"name": "t", "scopes": scopes}).json()["token"]
        token_owner = queries.token_owner(database_of(site), secret, now=time.time())
        assert token_owner is not None
        token, owner = token_owner
        identity = Identity(person=owner, scopes=frozenset(token.scopes))
        audiences[" ".join(scopes)] = audiences_of(identity) - {"everyone", "guests", "members"}
    person = owner.audience

    assert {
        "read": set(),
        "read manage-account": {person},
        "read administer": {"leaders", "administrators"},
    } == audiences


def database_of(site: Served) -> Database:
    return Database(site.home / "appliance.db", APPLIANCE_MIGRATIONS)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", f"/api/v1/jobs/{10**30}", None),
        ("DELETE", f"/api/v1/people/{10**30}", None),
        ("POST", "/people", {"name": "Ben", "password": PASSWORD, "role": "pope"}),
        ("POST", "/people", {"name": "Ben", "password": PASSWORD, "role": "guest"}),
        ("POST", "/inbox/read", {"until": "9" * 5000}),
        ("POST", "/classes", {"name": "Sunday", "hours": "9" * 30}),
        ("POST", "/jobs/queues/library/pause", {"minutes": "9" * 30}),
        ("OPTIONS", "/people", None),
        ("GET", "/sign-in?next_page=//[", None),
    ],
)
def test_invalid_values_are_refused_with_a_message(
    browser: httpx.Client, method: str, path: str, body: dict[str, str] | None
) -> None:
    answer = browser.request(method, path, data=body)

    assert answer.status_code < 500, answer.text
    assert browser.get("/jobs").is_success
    assert browser.get("/classes").is_success


@pytest.mark.parametrize("headers", [{"Host": "["}, {"Host": "a]b"}, {"Origin": "http://["}])
def test_invalid_headers_cause_no_server_error(site: Served, headers: dict[str, str]) -> None:
    for method in ("GET", "POST"):
        assert site.guest.request(method, "/api/v1/session", headers=headers).status_code < 500


def test_a_body_that_is_not_utf_8_is_refused(site: Served) -> None:
    answer = site.guest.post(
        "/api/v1/session", content=b'{"name": "\xff", "password": "x"}', headers={"Content-Type": "application/json"}
    )

    assert answer.status_code == 400


def test_only_its_owner_can_open_the_data_folder(site: Served) -> None:
    assert 0o700 == site.home.stat().st_mode & 0o777
