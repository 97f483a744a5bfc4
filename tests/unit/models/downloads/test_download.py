"""Downloads from a real server that closes connections early."""

import hashlib
import os
import socket
import time
from pathlib import Path

import pytest
import structlog
from fakes.breaking_server import BreakingServer, breaking_server

from models.downloads.download import download_file
from models.errors import DownloadFailed, DownloadInterrupted

CONTENT = bytes(range(256)) * 2_000
DIGEST = hashlib.sha256(CONTENT).hexdigest()


def download(server: BreakingServer, folder: Path, *, sha256: str = "") -> tuple[Path, list[tuple[int, int]]]:
    progress: list[tuple[int, int]] = []
    file, _ = download_file(
        server.url, folder, sha256=sha256, on_progress=lambda done, total: progress.append((done, total)), pause_s=0
    )
    return file, progress


def test_a_file_is_downloaded_completely_with_progress(tmp_path: Path) -> None:
    with breaking_server(CONTENT) as server:
        file, progress = download(server, tmp_path, sha256=DIGEST)

    assert CONTENT == file.read_bytes()
    assert "model.gguf" == file.name
    assert (len(CONTENT), len(CONTENT)) == progress[-1]
    assert [file] == list(tmp_path.iterdir())


def test_a_download_resumes_after_the_server_closes_the_connection(tmp_path: Path) -> None:
    with breaking_server(CONTENT) as server:
        server.breaks = [100_000, 250_000, 250_000]
        file, progress = download(server, tmp_path)
        ranges = server.requested_ranges

    assert CONTENT == file.read_bytes()
    assert any(range_.startswith("bytes=100000-") for range_ in ranges)
    assert sorted(progress) == progress


def test_both_temporary_files_get_the_time_of_the_latest_data(tmp_path: Path) -> None:
    tag = tmp_path / "model.gguf.tag"
    ages: list[float] = []

    def make_older(_done: int, _total: int) -> None:
        ages.append(time.time() - tag.stat().st_mtime)
        os.utime(tag, (0, 0))

    with breaking_server(CONTENT) as server:
        download_file(server.url, tmp_path, on_progress=make_older, pause_s=0)

    assert len(ages) > 1
    assert max(ages) < 60


def test_a_later_run_resumes_the_download(tmp_path: Path) -> None:
    with breaking_server(CONTENT) as server:
        server.breaks = [300_000] * 6
        with pytest.raises(DownloadInterrupted, match="Run the same command to continue it"):
            download(server, tmp_path)
        server.requested_ranges.clear()
        file, _ = download(server, tmp_path)

    assert "bytes=300000-" in server.requested_ranges
    assert CONTENT == file.read_bytes()


def test_parts_of_two_versions_are_never_joined(tmp_path: Path) -> None:
    with breaking_server(CONTENT) as server:
        server.breaks = [300_000] * 6
        with pytest.raises(DownloadFailed):
            download(server, tmp_path)
        server.content, server.tag = CONTENT[::-1], '"v2"'
        file, _ = download(server, tmp_path)

    assert CONTENT[::-1] == file.read_bytes()


def test_a_server_without_range_support_sends_the_whole_file_again(tmp_path: Path) -> None:
    with breaking_server(CONTENT) as server:
        server.breaks, server.ranges = [100_000], False
        file, _ = download(server, tmp_path)

    assert CONTENT == file.read_bytes()


def test_a_part_with_a_wrong_start_is_not_joined(tmp_path: Path) -> None:
    with breaking_server(CONTENT) as server:
        server.breaks, server.resumes_too_late = [100_000], 10
        file, _ = download(server, tmp_path)

    assert CONTENT == file.read_bytes()


@pytest.mark.parametrize("stated_by_server", [True, False])
def test_a_file_with_a_wrong_digest_is_removed(tmp_path: Path, stated_by_server: bool) -> None:
    with breaking_server(CONTENT) as server:
        server.stated = "0" * 64 if stated_by_server else ""
        with pytest.raises(DownloadFailed, match="SHA-256"):
            download(server, tmp_path, sha256="" if stated_by_server else "0" * 64)

    assert [] == list(tmp_path.iterdir())


def test_the_free_space_is_checked_first(tmp_path: Path) -> None:
    with breaking_server(CONTENT) as server:
        server.claimed_length = 2**50
        with pytest.raises(DownloadFailed, match="Free some space"):
            download(server, tmp_path)


@pytest.mark.parametrize(
    ("status", "message", "is_temporary"),
    [(401, "licence", False), (404, "status 404", False), (408, "408", True), (429, "429", True), (500, "500", True)],
)
def test_server_errors_have_a_remedy_and_say_whether_to_retry(
    tmp_path: Path, status: int, message: str, is_temporary: bool
) -> None:
    with breaking_server(CONTENT) as server:
        server.status = status
        with pytest.raises(DownloadFailed, match=message) as caught:
            download(server, tmp_path)

    assert is_temporary == isinstance(caught.value, DownloadInterrupted)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("file:///etc/passwd", "not the address of a file"),
        ("http://127.0.0.1/", "not the address of a file"),
        ("http:///a.gguf", "not the address of a file"),
        ("http://[::1", "not a valid address"),
        ("http://127.0.0.1:99999/a.gguf", "not a valid address"),
        ("http://127.0.0.1/a%00.gguf", "is not a valid file name"),
        ("http://127.0.0.1/a%0a.gguf", "is not a valid file name"),
        (f"http://127.0.0.1/{'a' * 300}.gguf", "is not a valid file name"),
        (f"http://{'a' * 300}.example/a.gguf", "is not the name of a server|not a valid address"),
    ],
)
def test_an_invalid_address_is_refused_with_a_clear_message(tmp_path: Path, url: str, message: str) -> None:
    with pytest.raises(DownloadFailed, match=message) as refused:
        download_file(url, tmp_path, on_progress=lambda _done, _total: None, pause_s=0)

    assert not isinstance(refused.value, DownloadInterrupted)
    assert len(refused.value.message) < 500
    assert [] == list(tmp_path.iterdir())


def start_download(server: BreakingServer, folder: Path) -> None:
    server.breaks = [300_000] * 6
    with pytest.raises(DownloadInterrupted):
        download(server, folder)
    server.requested_ranges.clear()


@pytest.mark.parametrize("status", [400, 401, 403, 404, 407, 451])
def test_the_partial_file_is_kept_when_the_server_refuses(tmp_path: Path, status: int) -> None:
    with breaking_server(CONTENT) as server:
        start_download(server, tmp_path)
        server.status = status
        with pytest.raises(DownloadFailed, match="The partial download is kept for one day"):
            download(server, tmp_path)
        server.status = 200
        file, _ = download(server, tmp_path)

    assert "bytes=300000-" in server.requested_ranges
    assert CONTENT == file.read_bytes()


def test_the_partial_file_is_kept_when_a_redirect_is_refused(tmp_path: Path) -> None:
    with breaking_server(CONTENT) as server:
        start_download(server, tmp_path)
        server.location = "ftp://elsewhere.test/model.gguf"
        with pytest.raises(DownloadFailed, match="redirects to"):
            download(server, tmp_path)

    assert 300_000 == (tmp_path / "model.gguf.part").stat().st_size


def test_a_web_page_does_not_replace_the_partial_file(tmp_path: Path) -> None:
    with breaking_server(CONTENT) as server:
        start_download(server, tmp_path)
        server.content, server.tag, server.kind = b"<html>Sign in</html>", "", "text/html; charset=utf-8"
        with pytest.raises(DownloadFailed, match="sent a web page"):
            download(server, tmp_path)
        server.content, server.tag, server.kind = CONTENT, '"v1"', ""
        file, _ = download(server, tmp_path)

    assert CONTENT == file.read_bytes()


def test_the_partial_file_is_removed_when_the_file_is_gone(tmp_path: Path) -> None:
    with breaking_server(CONTENT) as server:
        start_download(server, tmp_path)
        server.status = 410
        with pytest.raises(DownloadFailed, match="410") as gone:
            download(server, tmp_path)

    assert "kept" not in gone.value.message
    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_a_first_request_that_is_refused_leaves_no_files(tmp_path: Path, status: int) -> None:
    with breaking_server(CONTENT) as server:
        server.status = status
        with pytest.raises(DownloadFailed) as refused:
            download(server, tmp_path)

    assert "kept" not in refused.value.message
    assert [] == list(tmp_path.iterdir())


def test_a_server_that_is_never_reached_is_tried_twice(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/model.gguf"
    with structlog.testing.capture_logs() as logged, pytest.raises(DownloadInterrupted):
        download_file(url, tmp_path, on_progress=lambda _done, _total: None, pause_s=0)

    assert 1 == len(logged)


def test_a_server_that_sends_nothing_is_tried_five_times(tmp_path: Path) -> None:
    with breaking_server(CONTENT) as server, pytest.raises(DownloadInterrupted):
        server.breaks = [0] * 9
        download(server, tmp_path)

    assert 4 == len(server.breaks)


def test_a_file_name_in_an_address_cannot_leave_the_folder(tmp_path: Path) -> None:
    with breaking_server(CONTENT) as server:
        server.url = server.url.replace("/resolve/model.gguf?download=true", "/a/..%2F..%2Foutside.gguf")
        file, _ = download(server, tmp_path / "deep" / "downloads")

    assert tmp_path / "deep" / "downloads" / "outside.gguf" == file
