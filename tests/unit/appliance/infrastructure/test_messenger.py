"""Messages to external services: only allowed services, and no parameter that opens a file of this machine."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from appliance.infrastructure.messenger import (
    AddressNotUnderstood,
    AppriseMessenger,
    NotDelivered,
    ParameterRefused,
    allowed_parameters,
    check_parameters,
)
from appliance.infrastructure.settings import Settings

SERVICES = frozenset(Settings().notification_services.split(",")) | {"json"}


class ExternalService:
    """An external service that records its requests."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str, bytes]] = []
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"] or 0))
                service.requests.append((self.command, self.path, body))
                self.send_response(200)
                self.end_headers()

            def do_GET(self) -> None:
                service.requests.append((self.command, self.path, b""))
                self.send_response(200)
                self.end_headers()
                self.wfile.write(b'{"text": "a template"}')

            def log_message(self, *_arguments: object) -> None: ...

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.host = f"127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()


@pytest.fixture
def external_service() -> Iterator[ExternalService]:
    running = ExternalService()
    yield running
    running.server.shutdown()
    running.server.server_close()


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "secret.json"
    path.write_text('{"text": "secret"}', encoding="utf-8")
    return path


OPENERS = [
    "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/?template={path}",
    "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/?template=http://{host}/t.json",
    "tgram://123456789:abcdefg_hijklmnop/12315544/?template={path}",
    "tgram://123456789:abcdefg_hijklmnop/12315544/?template=http://{host}/t.json",
    "discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js/?template={path}",
    "ntfy://{host}/topic?attach={path}",
    "ntfy://{host}/topic?attach=http://{host}/t.json",
    "mailto://u:p@{host}?to=a@example.org&pgp=yes&pgppub={path}",
    "mailto://u:p@{host}?to=a@example.org&pgpprv={path}",
]
DISGUISES = [
    "{path}?Template=x",
    "{path}?to=a;template=x",
    "{path}?t%65mplate=x",
    "{path}? template=x",
    "{path}?to=a&&template",
    "{path}?:template=x",
    "{path}?+template=x",
    "{path}?to=?template&template=x",
]


@pytest.mark.parametrize("address", OPENERS)
def test_no_address_opens_a_file_or_downloads_a_page(
    external_service: ExternalService, secret: Path, address: str
) -> None:
    full_address = address.format(host=external_service.host, path=secret)
    with pytest.raises(ParameterRefused):
        check_parameters(full_address)
    with pytest.raises(ParameterRefused):
        AppriseMessenger(SERVICES).send(full_address, "title", "text")

    assert [] == external_service.requests


@pytest.mark.parametrize("disguise", DISGUISES)
def test_a_parameter_is_refused_in_every_spelling(external_service: ExternalService, disguise: str) -> None:
    address = disguise.format(path="tgram://123456789:abcdefg_hijklmnop/12315544/")
    with pytest.raises(ParameterRefused, match="emplate"):
        check_parameters(address)
    with pytest.raises(ParameterRefused):
        AppriseMessenger(SERVICES).send(address, "title", "text")


def test_parameters_are_checked_as_apprise_parses_them(
    external_service: ExternalService, monkeypatch: pytest.MonkeyPatch
) -> None:
    from appliance.infrastructure import messenger

    monkeypatch.setattr(messenger, "check_parameters", lambda _address: None)
    with pytest.raises(ParameterRefused):
        AppriseMessenger(SERVICES).send(f"ntfy://{external_service.host}/topic?attach=/etc/passwd", "title", "text")

    assert [] == external_service.requests


def test_every_default_service_has_a_list_of_its_parameters() -> None:
    """Services without a list of their own parameters allow only the common parameters."""
    common_parameters = allowed_parameters("unknown-service")
    unlisted = {service for service in SERVICES if allowed_parameters(service) == common_parameters}

    assert set() == unlisted
    for name in ("template", "attach", "filename", "pgppub", "pgpprv", "keyfile", "path", "store", "rto", "retry"):
        assert name not in frozenset[str]().union(*map(allowed_parameters, SERVICES))


@pytest.mark.parametrize(
    ("address", "path"),
    [
        ("ntfy://{}/topic?priority=high&tags=bell&", "/"),
        ("json://{}/hook?method=POST", "/hook"),
        ("gotify://{}/token?priority=5", "/message"),
        ("mmost://{}/a1b2c3d4e5f6g7h8i9j0k1l2m3?channel=general", "/hooks/a1b2c3d4e5f6g7h8i9j0k1l2m3"),
    ],
)
def test_messages_are_sent_to_usual_addresses(external_service: ExternalService, address: str, path: str) -> None:
    check_parameters(address.format(external_service.host))
    AppriseMessenger(SERVICES).send(address.format(external_service.host), "title", "a \\n text")
    (sent,) = external_service.requests

    assert ("POST", path) == sent[:2]
    assert b"title" in sent[2]
    assert b"a \\\\n text" in sent[2], "backslashes are not interpreted"


def test_an_unknown_service_is_refused(external_service: ExternalService) -> None:
    for address in ("file:///etc/passwd", f"xml://{external_service.host}", "nothing", ""):
        with pytest.raises(AddressNotUnderstood):
            AppriseMessenger(SERVICES).send(address, "title", "text")

    assert [] == external_service.requests


def test_an_unreachable_service_is_a_temporary_failure() -> None:
    with pytest.raises(NotDelivered):
        AppriseMessenger(SERVICES).send("json://127.0.0.1:1/hook", "title", "text")
