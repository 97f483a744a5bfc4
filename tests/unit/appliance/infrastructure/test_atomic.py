"""A file is replaced in one step, and its content is on the disk before its name."""

import os
from pathlib import Path

import pytest

from appliance.infrastructure import atomic
from appliance.infrastructure.atomic import move_into_place, replace_content


def test_a_replaced_file_is_only_for_this_user(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    path.write_bytes(b"old")
    (tmp_path / "key.pem.new").write_bytes(b"left by a crash")
    replace_content(path, b"new")

    assert b"new" == path.read_bytes()
    assert 0o600 == path.stat().st_mode & 0o777
    assert [path] == list(tmp_path.iterdir())


def test_a_failure_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "key.pem"
    path.write_bytes(b"old")

    def fail(_path: Path) -> None:
        raise OSError("the disk is gone")

    monkeypatch.setattr(atomic, "sync", fail)
    with pytest.raises(OSError, match="the disk is gone"):
        replace_content(path, b"new")

    assert b"old" == path.read_bytes()


def test_the_content_is_synced_before_the_name_and_the_name_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []
    replace = os.replace

    def recorded_replace(new_file: Path, path: Path) -> None:
        steps.append("replace")
        replace(new_file, path)

    monkeypatch.setattr(atomic, "sync", lambda path: steps.append(f"sync {path.name}"))
    monkeypatch.setattr(os, "replace", recorded_replace)
    (tmp_path / "fresh").write_bytes(b"new")
    move_into_place(tmp_path / "fresh", tmp_path / "file")

    assert ["sync fresh", "replace", f"sync {tmp_path.name}"] == steps
