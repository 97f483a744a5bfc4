"""A model's files are copied into the models folder completely or not at all."""

import errno
import hashlib
import os
from pathlib import Path

import pytest

from models.catalogue import copying
from models.catalogue.copying import copy_model, delete_files, size_of
from models.errors import ModelFileRefused


def quiet(_done: int, _total: int) -> None:
    pass


@pytest.fixture(params=["linked", "copied"])
def method(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Files are linked, or copied as between two disks."""
    if request.param == "copied":
        monkeypatch.setattr(copying, "_try_link", lambda _file, _target: False)
    return str(request.param)


def test_a_file_is_copied_and_its_digest_returned(tmp_path: Path, method: str) -> None:
    source, target = tmp_path / "m.gguf", tmp_path / "models" / "m.gguf"
    source.write_bytes(b"weights")
    target.parent.mkdir()

    assert hashlib.sha256(b"weights").hexdigest() == copy_model(source, target, quiet)
    assert b"weights" == target.read_bytes()
    assert (method == "linked") is target.samefile(source)


def test_a_folder_replaces_an_older_one(tmp_path: Path, method: str) -> None:
    source, target = tmp_path / "new", tmp_path / "model"
    for folder, name in ((source, "inner/b"), (target, "old")):
        (folder / name).parent.mkdir(parents=True)
        (folder / name).write_bytes(b"content")
    copy_model(source, target, quiet)

    assert [target / "inner", target / "inner" / "b"] == sorted(target.rglob("*"))
    assert {source, target} == set(tmp_path.iterdir())


def test_progress_counts_bytes_up_to_the_total(tmp_path: Path, method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copying, "COPY_CHUNK", 4)
    (tmp_path / "m").write_bytes(b"0123456789")
    progress: list[tuple[int, int]] = []
    copy_model(tmp_path / "m", tmp_path / "copy", lambda done, total: progress.append((done, total)))

    assert [(4, 10), (8, 10), (10, 10)] == progress


def test_a_file_that_is_already_at_its_target_is_only_read(tmp_path: Path) -> None:
    (tmp_path / "m").write_bytes(b"weights")

    assert hashlib.sha256(b"weights").hexdigest() == copy_model(tmp_path / "m", tmp_path / "m", quiet)
    assert [tmp_path / "m"] == list(tmp_path.iterdir())


def test_a_cancelled_copy_leaves_only_the_older_model(tmp_path: Path, method: str) -> None:
    source, target = tmp_path / "new", tmp_path / "model"
    source.write_bytes(b"new")
    target.write_bytes(b"old")

    def cancel(_done: int, _total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        copy_model(source, target, cancel)

    assert b"old" == target.read_bytes()
    assert {source, target} == set(tmp_path.iterdir())


def test_a_full_disk_gives_a_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_arguments: object) -> str:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(copying, "_digest", fails)
    with pytest.raises(ModelFileRefused, match=r"m could not be copied to .*: No space left on device"):
        copy_model(tmp_path / "m", tmp_path / "models" / "m", quiet)


def test_sizes_and_deletion_work_for_files_and_folders(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "a").write_bytes(b"12")
    (tmp_path / "b").write_bytes(b"3")

    assert (2, 1) == (size_of(tmp_path / "folder"), size_of(tmp_path / "b"))
    for path in (tmp_path / "folder", tmp_path / "b", tmp_path / "missing"):
        delete_files(path)
    assert [] == list(tmp_path.iterdir())
