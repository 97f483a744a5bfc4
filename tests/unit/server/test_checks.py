"""The checks of `doctor` on the files, before any database is opened for use."""

from pathlib import Path

import pytest

from appliance.infrastructure.confinement import Confinement
from appliance.infrastructure.paths import DataFolder
from server.bootstrap import Appliance, open_appliance
from server.checks import Check, run_checks


def checks(folder: DataFolder) -> dict[str, Check]:
    def open_folder() -> Appliance:
        return open_appliance(folder.home)

    return {check.name: check for check in run_checks(folder, open_folder)}


def test_an_undamaged_folder_passes_and_its_parts_are_listed(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path / "home")
    open_appliance(folder.home).close()
    results = checks(folder)

    assert results["Library"].ok
    assert results["People's data"].ok
    assert results["Privacy"].ok
    assert "GiB free. The data folder holds " in results["Disk"].finding
    assert "appliance.db" in results["Disk"].finding
    assert "Translations" in results


def test_files_that_others_can_open_are_named_with_the_command_that_protects_them(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path / "home")
    open_appliance(folder.home).close()
    folder.appliance_db.chmod(0o644)
    privacy = checks(folder)["Privacy"]

    assert not privacy.ok
    assert str(folder.appliance_db) in privacy.finding
    assert "`lampstand doctor --repair`" in privacy.remedy


def test_the_remedy_for_a_lost_or_damaged_database_is_restore_and_it_is_not_opened(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path / "home").create()
    (folder.tls).mkdir()
    (folder.tls / "authority.key").write_text("x", encoding="utf-8")
    lost = checks(folder)
    folder.appliance_db.write_bytes(b"garbage" * 1_000)
    damaged = checks(folder)

    for results in (lost, damaged):
        assert not results["People's data"].ok
        assert "`lampstand restore" in results["People's data"].remedy
        assert "Translations" not in results


@pytest.mark.parametrize(
    ("landlock", "seccomp", "finding"),
    [
        (True, True, "confined by Landlock and seccomp."),
        (True, False, "confined only by resource limits: this machine has no seccomp."),
        (False, False, "confined only by resource limits: this machine has no Landlock and no seccomp."),
    ],
)
def test_the_confinement_of_cypher_queries_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, landlock: bool, seccomp: bool, finding: str
) -> None:
    monkeypatch.setattr("server.checks.confinement_here", lambda: Confinement(landlock=landlock, seccomp=seccomp))
    check = checks(DataFolder(tmp_path / "home"))["Cypher queries"]

    assert finding == check.finding
    assert (landlock and seccomp) == check.ok
    assert not check.needed
