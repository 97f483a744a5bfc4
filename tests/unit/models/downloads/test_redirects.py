"""Redirects are followed to the checked addresses, and from a public address only to public addresses."""

import contextlib
import http.server
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import httpx
import pytest

from models.downloads.download import download_file
from models.downloads.redirects import Internet, RedirectRefused, Redirects
from models.errors import DownloadFailed, DownloadInterrupted

PUBLIC, PRIVATE = "127.0.0.1", "127.0.0.2"
CONTENT = b"weights" * 100


class Names:
    """A network in which one loopback address counts as public. A name may have another address each time it is resolved."""

    def __init__(self, **names: Sequence[str]) -> None:
        self._names = {f"{name}.test": list(addresses) for name, addresses in names.items()}
        self.resolved: list[str] = []

    def addresses(self, host: str, _port: int) -> Sequence[str]:
        self.resolved.append(host)
        addresses = self._names.get(host, [host])
        return [addresses.pop(0) if len(addresses) > 1 else addresses[0]]

    def is_public(self, address: str) -> bool:
        return address == PUBLIC


class Served:
    """Two servers with the same port; `paths` has the redirects per path; all other paths return a file."""

    def __init__(self) -> None:
        self.paths: dict[str, str] = {}
        self.requests: list[tuple[str, str, str]] = []
        self.port = 0

    def at(self, host: str, path: str) -> str:
        return f"http://{host}:{self.port}{path}"


@pytest.fixture
def served() -> Iterator[Served]:
    served = Served()

    class Handler(http.server.BaseHTTPRequestHandler):
        server: http.server.HTTPServer

        def do_GET(self) -> None:
            served.requests.append((str(self.server.server_address[0]), self.headers["Host"], self.path))
            location = served.paths.get(self.path)
            self.send_response(302 if location else 200)
            if location:
                self.send_header("Location", location)
            self.send_header("Content-Length", "0" if location else str(len(CONTENT)))
            self.end_headers()
            if not location:
                self.wfile.write(CONTENT)

        def log_message(self, *_arguments: object) -> None:
            pass

    with contextlib.ExitStack() as stack:
        for address in (PUBLIC, PRIVATE):
            server = http.server.ThreadingHTTPServer((address, served.port), Handler)
            served.port = server.server_port
            stack.callback(server.server_close)
            stack.callback(server.shutdown)
            threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield served


@pytest.fixture
def download(tmp_path: Path) -> Callable[[str, Names], bytes]:
    def run(url: str, names: Names) -> bytes:
        file, _ = download_file(url, tmp_path, on_progress=lambda _done, _total: None, pause_s=0, network=names)
        return file.read_bytes()

    return run


def test_a_public_address_may_not_redirect_to_a_private_one(
    served: Served, download: Callable[..., bytes], tmp_path: Path
) -> None:
    served.paths = {"/a.gguf": served.at("inside.test", "/admin/b.gguf")}

    with pytest.raises(DownloadFailed, match=r"from a public address to inside\.test, which is in a private network"):
        download(served.at("hub.test", "/a.gguf"), Names(hub=[PUBLIC], inside=[PRIVATE]))

    assert [PUBLIC] == [address for address, _, _ in served.requests]
    assert [] == list(tmp_path.iterdir())


def test_a_private_address_that_a_person_typed_is_followed(served: Served, download: Callable[..., bytes]) -> None:
    served.paths = {"/a.gguf": "/b.gguf", "/b.gguf": served.at("inside.test", "/c.gguf")}

    assert CONTENT == download(served.at("mirror.test", "/a.gguf"), Names(mirror=[PRIVATE], inside=[PRIVATE]))


def test_a_public_address_may_not_redirect_back_to_a_private_one(
    served: Served, download: Callable[..., bytes]
) -> None:
    served.paths = {"/a.gguf": served.at("hub.test", "/b.gguf"), "/b.gguf": served.at("inside.test", "/c.gguf")}

    with pytest.raises(DownloadFailed, match="private network"):
        download(served.at("mirror.test", "/a.gguf"), Names(mirror=[PRIVATE], hub=[PUBLIC], inside=[PRIVATE]))


def test_a_name_that_changes_its_address_is_connected_to_the_checked_address(
    served: Served, download: Callable[..., bytes]
) -> None:
    names = Names(hub=[PUBLIC, PRIVATE])

    assert CONTENT == download(served.at("hub.test", "/a.gguf"), names)
    assert ["hub.test"] == names.resolved
    assert [(PUBLIC, f"hub.test:{served.port}", "/a.gguf")] == served.requests


def test_a_name_that_becomes_private_at_the_second_hop_is_refused(
    served: Served, download: Callable[..., bytes]
) -> None:
    served.paths = {"/a.gguf": "/b.gguf"}

    with pytest.raises(DownloadFailed, match="private network"):
        download(served.at("hub.test", "/a.gguf"), Names(hub=[PUBLIC, PRIVATE]))


@pytest.mark.parametrize(
    "location", ["file:///etc/passwd", "http://[::1", "ftp://hub.test/a", "http://hub.test:99999/a"]
)
def test_a_redirect_to_an_invalid_or_other_address_is_refused(
    served: Served, download: Callable[..., bytes], location: str
) -> None:
    served.paths = {"/a.gguf": location}

    with pytest.raises(DownloadFailed, match=r"not an address|not a web address") as refused:
        download(served.at("hub.test", "/a.gguf"), Names(hub=[PUBLIC]))
    assert not isinstance(refused.value, DownloadInterrupted)


class Attempts(Names):
    """A network in which `hub.test` has different addresses at each attempt."""

    def __init__(self, *attempts: Sequence[str], **names: Sequence[str]) -> None:
        super().__init__(**names)
        self._attempts = list(attempts)

    def addresses(self, host: str, port: int) -> Sequence[str]:
        return self._attempts.pop(0) if host == "hub.test" else super().addresses(host, port)


def attempt(redirects: Redirects, url: str) -> int:
    with redirects.get(url, {}) as (response, _):
        return response.status_code


def test_a_private_address_that_redirects_to_a_public_one_is_followed_at_each_attempt(served: Served) -> None:
    served.paths = {"/a.gguf": served.at("public.test", "/b.gguf")}

    with contextlib.closing(Redirects(Attempts([PRIVATE], [PRIVATE], public=[PUBLIC]))) as redirects:
        assert [200, 200] == [attempt(redirects, served.at("hub.test", "/a.gguf")) for _ in range(2)]


def test_a_name_with_public_and_private_addresses_works_at_each_attempt(served: Served) -> None:
    both = [PUBLIC, PRIVATE]
    served.paths = {"/inside.gguf": served.at("inside.test", "/b.gguf")}

    with contextlib.closing(Redirects(Attempts(both, both, both, both, inside=[PRIVATE]))) as redirects:
        for _ in range(2):
            assert httpx.codes.OK == attempt(redirects, served.at("hub.test", "/a.gguf"))
            with pytest.raises(RedirectRefused, match="redirected from a public address"):
                attempt(redirects, served.at("hub.test", "/inside.gguf"))


@pytest.mark.parametrize("later", [[PRIVATE], [PUBLIC, PRIVATE]])
def test_a_public_name_that_is_private_at_a_later_attempt_is_refused(served: Served, later: list[str]) -> None:
    with contextlib.closing(Redirects(Attempts([PUBLIC], later, later))) as redirects:
        assert httpx.codes.OK == attempt(redirects, served.at("hub.test", "/a.gguf"))
        for _ in range(2):
            with pytest.raises(RedirectRefused, match=r"hub\.test had a public address"):
                attempt(redirects, served.at("hub.test", "/a.gguf"))
    assert [PUBLIC] == [address for address, _, _ in served.requests]


def test_a_private_name_that_is_public_at_a_later_attempt_may_not_redirect_back(served: Served) -> None:
    served.paths = {"/a.gguf": served.at("inside.test", "/b.gguf")}

    with contextlib.closing(Redirects(Attempts([PRIVATE], [PUBLIC], inside=[PRIVATE]))) as redirects:
        assert httpx.codes.OK == attempt(redirects, served.at("hub.test", "/a.gguf"))
        with pytest.raises(RedirectRefused, match="redirected from a public address"):
            attempt(redirects, served.at("hub.test", "/a.gguf"))


def test_endless_redirects_are_refused(served: Served, download: Callable[..., bytes]) -> None:
    served.paths = {"/a.gguf": "/a.gguf"}

    with pytest.raises(DownloadFailed, match="more than 10 times"):
        download(served.at("hub.test", "/a.gguf"), Names(hub=[PUBLIC]))


def test_the_next_address_of_a_name_is_tried(served: Served) -> None:
    class Two(Names):
        def addresses(self, _host: str, _port: int) -> Sequence[str]:
            return ["127.0.0.3", PUBLIC]

    with (
        contextlib.closing(Redirects(Two())) as redirects,
        redirects.get(served.at("hub.test", "/a.gguf"), {}) as (response, before),
    ):
        assert (httpx.codes.OK, []) == (response.status_code, before)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "192.168.1.1",
        "172.16.0.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1",
        "fd00::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "2001:db8::1",
    ],
)
def test_addresses_of_this_machine_and_its_networks_are_not_public(address: str) -> None:
    assert not Internet().is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "64:ff9b::808:808", "::ffff:8.8.8.8"])
def test_addresses_of_the_internet_are_public(address: str) -> None:
    assert Internet().is_public(address)
