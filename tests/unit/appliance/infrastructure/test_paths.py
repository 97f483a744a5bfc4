"""The data folder is this user's alone."""

import os
from pathlib import Path

import pytest

from appliance.infrastructure.paths import DataFolder


@pytest.fixture(autouse=True)
def _usual_umask() -> object:
    before = os.umask(0o022)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o7777


@pytest.fixture
def shared(tmp_path: Path) -> DataFolder:
    """A folder as an earlier version made it, open to other users."""
    home = tmp_path / "home"
    for name in ("logs", "tls", "backups", "run", "models"):
        (home / name).mkdir(parents=True)
    for name in ("appliance.db", "appliance.db-wal", "queue-ocr.db", "settings.toml", "logs/web.log", "tls/server.key",
                 "backups/appliance-1.db", "models/a.gguf"):  # fmt: skip
        (home / name).write_text("x", encoding="utf-8")
    return DataFolder(home)


def test_new_folders_are_for_this_user_alone(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path / "home").create()
    assert {0o700} == {mode(path) for path in (folder.home, folder.models, folder.logs, folder.run)}
    assert [] == folder.open_to_others()


def test_opening_a_folder_of_an_earlier_version_closes_it_to_others(shared: DataFolder) -> None:
    shared.create()
    assert 0o700 == mode(shared.home)


def test_what_others_can_open_is_found_and_closed(shared: DataFolder) -> None:
    home = shared.home
    opened = {str(path.relative_to(home)) for path in shared.open_to_others()}
    assert {".", "appliance.db", "appliance.db-wal", "queue-ocr.db", "settings.toml", "logs", "logs/web.log", "tls",
            "tls/server.key", "backups", "backups/appliance-1.db", "run"} == opened  # fmt: skip
    changed = shared.make_private()

    assert len(opened) == len(changed)
    assert [] == shared.open_to_others()
    assert (0o700, 0o600, 0o644) == (mode(home), mode(shared.appliance_db), mode(home / "models" / "a.gguf"))


def test_links_and_folders_that_all_share_are_left_alone(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("x", encoding="utf-8")
    folder = DataFolder(tmp_path / "home").create()
    (folder.logs / "link").symlink_to(outside)
    folder.home.chmod(0o1777)
    folder.make_private()

    assert (0o644, 0o1777) == (mode(outside), mode(folder.home))
