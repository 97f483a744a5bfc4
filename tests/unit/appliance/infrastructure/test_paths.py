"""Only this user has access to the data folder."""

import os
from pathlib import Path

import pytest

from appliance.infrastructure.paths import DataFolder, DataFolderUnusable


@pytest.fixture(autouse=True)
def _usual_umask() -> object:
    before = os.umask(0o022)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o7777


@pytest.fixture
def shared(tmp_path: Path) -> DataFolder:
    """A folder as an earlier version created it, open to other users."""
    home = tmp_path / "home"
    for name in ("logs", "tls", "backups", "run", "models"):
        (home / name).mkdir(parents=True)
    for name in (
        "appliance.db",
        "appliance.db-wal",
        "queue-ocr.db",
        "settings.toml",
        "logs/web.log",
        "tls/server.key",
        "backups/appliance-1.db",
        "models/a.gguf",
    ):
        (home / name).write_text("x", encoding="utf-8")
    return DataFolder(home)


def test_new_folders_are_only_for_this_user(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path / "home").create()
    assert {0o700} == {mode(path) for path in (folder.home, folder.models, folder.logs, folder.run)}
    assert [] == folder.open_to_others()


def test_opening_a_folder_of_an_earlier_version_makes_it_private(shared: DataFolder) -> None:
    shared.create()
    assert 0o700 == mode(shared.home)


def test_paths_that_others_can_open_are_found_and_made_private(shared: DataFolder) -> None:
    home = shared.home
    opened = {str(path.relative_to(home)) for path in shared.open_to_others()}
    assert {
        ".",
        "appliance.db",
        "appliance.db-wal",
        "queue-ocr.db",
        "settings.toml",
        "logs",
        "logs/web.log",
        "tls",
        "tls/server.key",
        "backups",
        "backups/appliance-1.db",
        "run",
    } == opened
    changed = shared.make_private()

    assert len(opened) == len(changed)
    assert [] == shared.open_to_others()
    assert (0o700, 0o600, 0o644) == (mode(home), mode(shared.appliance_db), mode(home / "models" / "a.gguf"))


def test_links_and_shared_folders_are_not_changed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("x", encoding="utf-8")
    folder = DataFolder(tmp_path / "home").create()
    (folder.logs / "link").symlink_to(outside)
    folder.home.chmod(0o1777)
    folder.make_private()

    assert (0o644, 0o1777) == (mode(outside), mode(folder.home))


def test_a_link_to_a_data_folder_is_resolved(shared: DataFolder, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(shared.home)
    folder = DataFolder(link).create()

    assert shared.home == folder.home
    assert 0o700 == mode(shared.home)


def test_circular_links_are_an_unusable_folder(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    with pytest.raises(DataFolderUnusable):
        DataFolder(tmp_path / "a").create()


def test_parts_on_another_disk_are_made_private(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path / "home").create()
    backups, database = tmp_path / "disk" / "backups", tmp_path / "disk" / "appliance.db"
    backups.mkdir(parents=True)
    (backups / "appliance-1.db").touch()
    database.touch()
    folder.backups.symlink_to(backups)
    folder.appliance_db.symlink_to(database)

    assert {backups, backups / "appliance-1.db", database} == set(folder.open_to_others())
    folder.make_private()
    assert (0o700, 0o600, 0o600) == (mode(backups), mode(backups / "appliance-1.db"), mode(database))


def test_a_start_checks_only_the_data_folder_itself(shared: DataFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    def walk(_self: DataFolder) -> list[Path]:
        raise FileNotFoundError

    monkeypatch.setattr(DataFolder, "_private", walk)
    shared.create()
    assert 0o700 == mode(shared.home)


def test_a_folder_that_is_deleted_meanwhile_is_skipped(shared: DataFolder) -> None:
    doomed = shared.logs / "doomed"
    doomed.mkdir()
    paths = shared._private()
    assert doomed in paths
    doomed.rmdir()
    assert shared.working_folder in paths
