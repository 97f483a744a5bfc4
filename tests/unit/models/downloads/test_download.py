"""Fetching a model from a real server that breaks off."""

import hashlib
import os
import socket
import time
from pathlib import Path

import pytest
import structlog
from fakes.breaking_server import BreakingServer, breaking_server

from models.downloads.download import fetch
from models.errors import DownloadFailed, DownloadInterrupted

CONTENT = bytes(range(256)) * 20_000
DIGEST = hashlib.sha256(CONTENT).hexdigest()


def bring(server: BreakingServer, folder: Path, *, sha256: str = "") -> tuple[Path, list[tuple[int, int]]]:
    progress: list[tuple[int, int]] = []
    file, _ = fetch(
        server.url, folder, sha256=sha256, on_progress=lambda done, total: progress.append((done, total)), pause_s=0
    )
    return file, progress


def test_a_file_comes_whole_with_its_progress(tmp_path: Path) -> None:
    with breaking_server(CONTENT) as server:
        file, progress = bring(server, tmp_path, sha256=DIGEST)

    assert CONTENT == file.read_bytes()
    assert "model.gguf" == file.name
    assert (len(CONTENT), len(CONTENT)) == progress[-1]
    assert [file] == list(tmp_path.iterdir())


def test_it_goes_on_where_the_server_broke_off(tmp_path: Path) -> None:
    with breaking_server(CONTENT) as server:
        server.breaks = [1_000_000, 2_500_000, 2_500_000]
        file, progress = bring(server, tmp_path)
        asked = server.asked

    assert CONTENT == file.read_bytes()
    assert any(each.startswith("bytes=1000000-") for each in asked)
    assert sorted(progress) == progress


def test_both_files_stay_as_young_as_the_download(tmp_path: Path) -> None:
    tag = tmp_path / "model.gguf.tag"
    ages: list[float] = []

    def age(_done: int, _total: int) -> None:
        ages.append(time.time() - tag.stat().st_mtime)
        os.utime(tag, (0, 0))

    with breaking_server(CONTENT) as server:
        fetch(server.url, tmp_path, on_progress=age, pause_s=0)

    assert len(ages) > 1
    assert max(ages) < 60


def test_a_later_run_goes_on_too(tmp_path: Path) -> None:
    with breaking_server(CONTENT) as server:
        server.breaks = [3_000_000] * 6
        with pytest.raises(DownloadInterrupted, match="the same command continues it"):
            bring(server, tmp_path)
        server.asked.clear()
        file, _ = bring(server, tmp_path)

    assert "bytes=3000000-" in server.asked
    assert CONTENT == file.read_bytes()


def test_halves_of_two_versions_are_never_joined(tmp_path: Path) -> None:
    with breaking_server(CONTENT) as server:
        server.breaks = [3_000_000] * 6
        with pytest.raises(DownloadFailed):
            bring(server, tmp_path)
        server.content, server.tag = CONTENT[::-1], '"v2"'
        file, _ = bring(server, tmp_path)

    assert CONTENT[::-1] == file.read_bytes()


def test_a_server_that_knows_no_ranges_sends_it_again(tmp_path: Path) -> None:
    with breaking_server(CONTENT) as server:
        server.breaks, server.ranges = [1_000_000], False
        file, _ = bring(server, tmp_path)

    assert CONTENT == file.read_bytes()


def test_what_goes_on_at_another_place_is_not_joined(tmp_path: Path) -> None:
    with breaking_server(CONTENT) as server:
        server.breaks, server.resumes_too_late = [1_000_000], 10
        file, _ = bring(server, tmp_path)

    assert CONTENT == file.read_bytes()


@pytest.mark.parametrize("stated_by_server", [True, False])
def test_other_bytes_than_promised_are_removed(tmp_path: Path, stated_by_server: bool) -> None:
    with breaking_server(CONTENT) as server:
        server.stated = "0" * 64 if stated_by_server else ""
        with pytest.raises(DownloadFailed, match="SHA-256"):
            bring(server, tmp_path, sha256="" if stated_by_server else "0" * 64)

    assert [] == list(tmp_path.iterdir())


def test_the_disk_is_looked_at_first(tmp_path: Path) -> None:
    with breaking_server(CONTENT) as server:
        server.claimed_length = 2**50
        with pytest.raises(DownloadFailed, match="Free some space first"):
            bring(server, tmp_path)


@pytest.mark.parametrize(
    ("status", "says", "may_pass"),
    [(401, "licence", False), (404, "status 404", False), (408, "408", True), (429, "429", True), (500, "500", True)],
)
def test_refusals_say_what_to_do_and_whether_to_ask_again(
    tmp_path: Path, status: int, says: str, may_pass: bool
) -> None:
    with breaking_server(CONTENT) as server:
        server.status = status
        with pytest.raises(DownloadFailed, match=says) as caught:
            bring(server, tmp_path)

    assert may_pass == isinstance(caught.value, DownloadInterrupted)


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("file:///etc/passwd", "not the address of a file"),
        ("http://127.0.0.1/", "not the address of a file"),
        ("http:///a.gguf", "not the address of a file"),
        ("http://[::1", "not an address"),
        ("http://127.0.0.1:99999/a.gguf", "not an address"),
        ("http://127.0.0.1/a%00.gguf", "cannot be the name of a file"),
        ("http://127.0.0.1/a%0a.gguf", "cannot be the name of a file"),
        (f"http://127.0.0.1/{'a' * 300}.gguf", "cannot be the name of a file"),
        (f"http://{'a' * 300}.example/a.gguf", "is not the name of a server|not an address"),
    ],
)
def test_what_is_no_address_is_refused_in_plain_words(tmp_path: Path, url: str, says: str) -> None:
    with pytest.raises(DownloadFailed, match=says) as refused:
        fetch(url, tmp_path, on_progress=lambda _done, _total: None, pause_s=0)

    assert not isinstance(refused.value, DownloadInterrupted)
    assert len(refused.value.message) < 500
    assert [] == list(tmp_path.iterdir())


def begin(server: BreakingServer, folder: Path) -> None:
    server.breaks = [3_000_000] * 6
    with pytest.raises(DownloadInterrupted):
        bring(server, folder)
    server.asked.clear()


@pytest.mark.parametrize("status", [400, 401, 403, 404, 407, 451])
def test_the_downloaded_part_is_kept_when_the_server_refuses(tmp_path: Path, status: int) -> None:
    with breaking_server(CONTENT) as server:
        begin(server, tmp_path)
        server.status = status
        with pytest.raises(DownloadFailed, match="The part that was downloaded is kept for a day; until then"):
            bring(server, tmp_path)
        server.status = 200
        file, _ = bring(server, tmp_path)

    assert "bytes=3000000-" in server.asked
    assert CONTENT == file.read_bytes()


def test_the_downloaded_part_is_kept_when_a_redirect_is_refused(tmp_path: Path) -> None:
    with breaking_server(CONTENT) as server:
        begin(server, tmp_path)
        server.location = "ftp://elsewhere.test/model.gguf"
        with pytest.raises(DownloadFailed, match="redirects to"):
            bring(server, tmp_path)

    assert 3_000_000 == (tmp_path / "model.gguf.part").stat().st_size


def test_a_page_does_not_take_the_place_of_the_downloaded_part(tmp_path: Path) -> None:
    with breaking_server(CONTENT) as server:
        begin(server, tmp_path)
        server.content, server.tag, server.kind = b"<html>Sign in</html>", "", "text/html; charset=utf-8"
        with pytest.raises(DownloadFailed, match="answers with a page"):
            bring(server, tmp_path)
        server.content, server.tag, server.kind = CONTENT, '"v1"', ""
        file, _ = bring(server, tmp_path)

    assert CONTENT == file.read_bytes()


def test_the_downloaded_part_is_removed_when_the_file_is_gone(tmp_path: Path) -> None:
    with breaking_server(CONTENT) as server:
        begin(server, tmp_path)
        server.status = 410
        with pytest.raises(DownloadFailed, match="410") as gone:
            bring(server, tmp_path)

    assert "kept" not in gone.value.message
    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_a_first_request_that_is_refused_leaves_nothing(tmp_path: Path, status: int) -> None:
    with breaking_server(CONTENT) as server:
        server.status = status
        with pytest.raises(DownloadFailed) as refused:
            bring(server, tmp_path)

    assert "kept" not in refused.value.message
    assert [] == list(tmp_path.iterdir())


def test_a_server_that_is_never_reached_is_asked_twice(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/model.gguf"
    with structlog.testing.capture_logs() as logged, pytest.raises(DownloadInterrupted):
        fetch(url, tmp_path, on_progress=lambda _done, _total: None, pause_s=0)

    assert 1 == len(logged)


def test_a_server_that_sends_nothing_is_asked_five_times(tmp_path: Path) -> None:
    with breaking_server(CONTENT) as server, pytest.raises(DownloadInterrupted):
        server.breaks = [0] * 9
        bring(server, tmp_path)

    assert 4 == len(server.breaks)


def test_a_name_in_an_address_leads_nowhere_else(tmp_path: Path) -> None:
    with breaking_server(CONTENT) as server:
        server.url = server.url.replace("/resolve/model.gguf?download=true", "/a/..%2F..%2Foutside.gguf")
        file, _ = bring(server, tmp_path / "deep" / "downloads")

    assert tmp_path / "deep" / "downloads" / "outside.gguf" == file
