"""Regular files are opened without waiting, replaced atomically, and locked between processes."""

import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from models.errors import ModelFileRefused
from models.files import open_locked, open_regular, replace_file, sha256_of
from models.formats.detect import read_facts
from models.settings import load_settings


@pytest.fixture(params=["named pipe", "socket", "device", "folder", "missing"])
def special(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "m.gguf"
    if request.param == "named pipe":
        os.mkfifo(path)
    elif request.param == "folder":
        path.mkdir()
    elif request.param == "device":
        path.symlink_to("/dev/zero")
    if request.param == "socket":
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(str(path))
            yield path
    else:
        yield path


def test_a_file_that_is_not_regular_is_refused_without_waiting(special: Path) -> None:
    with pytest.raises(ModelFileRefused, match=r"not a regular file|cannot be read"):
        open_regular(special).close()


def test_a_regular_file_can_be_read_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "m").write_bytes(b"content")
    (tmp_path / "link").symlink_to(tmp_path / "m")

    with open_regular(tmp_path / "link") as opened:
        assert b"content" == opened.read()


def test_an_invalid_path_is_refused() -> None:
    with pytest.raises(ModelFileRefused, match="not a valid path"):
        open_regular(Path("a\0b"))
    with pytest.raises(ModelFileRefused, match="cannot be read"):
        open_regular(Path("a" * 5000))


def test_a_pipe_that_replaces_a_checked_file_is_refused(tmp_path: Path) -> None:
    """The file at the path changes all the time. Opening it never waits."""
    path, pipe, file = tmp_path / "m", tmp_path / "pipe", tmp_path / "file"
    ended = threading.Event()

    def swap() -> None:
        while not ended.is_set():
            os.mkfifo(pipe)
            pipe.replace(path)
            file.write_bytes(b"x")
            file.replace(path)

    path.write_bytes(b"x")
    thread = threading.Thread(target=swap)
    thread.start()
    outcomes = set()
    try:
        # On a busy machine the other thread may not run during all the first openings.
        for attempt in range(200_000):
            if attempt >= 2000 and b"x" in outcomes:
                break
            try:
                with open_regular(path) as opened:
                    outcomes.add(opened.read())
            except ModelFileRefused:
                outcomes.add(b"refused")
    finally:
        ended.set()
        thread.join()

    assert b"x" in outcomes
    assert outcomes <= {b"x", b"refused"}


def test_a_pipe_as_a_model_or_in_its_folder_blocks_no_request(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "m.gguf")
    with pytest.raises(ModelFileRefused, match="named pipe"):
        read_facts(tmp_path / "m.gguf")

    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(b"weights")
    os.mkfifo(folder / "config.json")
    with pytest.raises(ModelFileRefused, match="named pipe"):
        read_facts(folder)
    os.mkfifo(tmp_path / "runtime.toml")
    with pytest.raises(ModelFileRefused, match="named pipe"):
        load_settings(tmp_path)


def test_a_pipe_does_not_count_as_weights(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "model.safetensors")
    (tmp_path / "config.json").write_text("{}")

    with pytest.raises(ModelFileRefused, match="contains no model"):
        read_facts(tmp_path)


def test_the_digest_is_the_sha_256_of_the_content(tmp_path: Path) -> None:
    (tmp_path / "m").write_bytes(b"abc")

    assert "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" == sha256_of(tmp_path / "m")


def test_a_replaced_file_has_the_new_content_and_no_temporary_file_stays(tmp_path: Path) -> None:
    file = tmp_path / "list.json"
    replace_file(file, b"[1]")
    replace_file(file, b"[2]")

    assert b"[2]" == file.read_bytes()
    assert [file] == list(tmp_path.iterdir())


def test_a_reader_of_a_file_that_is_replaced_keeps_the_old_content(tmp_path: Path) -> None:
    file = tmp_path / "list.json"
    replace_file(file, b"old")
    with file.open("rb") as opened:
        replace_file(file, b"new")

        assert b"old" == opened.read()


def test_a_failed_write_leaves_the_file_unchanged(tmp_path: Path) -> None:
    file = tmp_path / "list.json"
    replace_file(file, b"old")
    file.with_suffix(".new").mkdir()
    with pytest.raises(OSError):
        replace_file(file, b"new")

    assert b"old" == file.read_bytes()


def test_a_lock_is_held_until_its_file_is_closed(tmp_path: Path) -> None:
    with open_locked(tmp_path / "lock"), pytest.raises(BlockingIOError):
        open_locked(tmp_path / "lock", wait=False)

    open_locked(tmp_path / "lock", wait=False).close()
