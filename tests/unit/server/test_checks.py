"""What `doctor` looks at in the files, before any database is opened for use."""

from pathlib import Path

import pytest

from appliance.infrastructure.confinement import Confinement
from appliance.infrastructure.paths import DataFolder
from server.bootstrap import Appliance, open_appliance
from server.checks import Check, run_checks


def checks(folder: DataFolder) -> dict[str, Check]:
    def opened() -> Appliance:
        return open_appliance(folder.home)

    return {each.what: each for each in run_checks(folder, opened)}


def test_a_sound_folder_passes_and_its_parts_are_listed(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path / "home")
    open_appliance(folder.home).close()
    found = checks(folder)

    assert found["Library"].ok
    assert found["People's data"].ok
    assert found["Privacy"].ok
    assert "GiB free. The data folder holds " in found["Disk"].finding
    assert "appliance.db" in found["Disk"].finding
    assert "Texts" in found


def test_open_files_are_named_with_the_command_that_closes_them(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path / "home")
    open_appliance(folder.home).close()
    folder.appliance_db.chmod(0o644)
    privacy = checks(folder)["Privacy"]

    assert not privacy.ok
    assert str(folder.appliance_db) in privacy.finding
    assert "`lampstand doctor --repair`" in privacy.remedy


def test_a_lost_or_damaged_database_leads_to_restore_and_is_not_opened(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path / "home").create()
    (folder.tls).mkdir()
    (folder.tls / "authority.key").write_text("x", encoding="utf-8")
    lost = checks(folder)
    folder.appliance_db.write_bytes(b"garbage" * 1_000)
    damaged = checks(folder)

    for found in (lost, damaged):
        assert not found["People's data"].ok
        assert "`lampstand restore" in found["People's data"].remedy
        assert "Texts" not in found


@pytest.mark.parametrize(
    ("landlock", "seccomp", "says"),
    [
        (True, True, "confined by Landlock and seccomp."),
        (True, False, "confined by limits alone: this machine has no seccomp."),
        (False, False, "confined by limits alone: this machine has no Landlock and no seccomp."),
    ],
)
def test_what_confines_queries_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, landlock: bool, seccomp: bool, says: str
) -> None:
    monkeypatch.setattr("server.checks.confinement_here", lambda: Confinement(landlock=landlock, seccomp=seccomp))
    found = checks(DataFolder(tmp_path / "home"))["Queries in Cypher"]

    assert says == found.finding
    assert (landlock and seccomp) == found.ok
    assert not found.needed
