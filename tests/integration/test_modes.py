"""Other users of the machine cannot open anything in the data folder. This is true for any umask and any way to create it."""

import json
import os
import shutil
import stat
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from fakes.serving import LAMPSTAND, bearer, port_options

from appliance.infrastructure.paths import DataFolder

PACKAGING = Path(__file__).parents[2] / "packaging"
WAIT_S = 90
# The functions of install.sh that run.sh needs. They install nothing.
STUB = """
step() { :; }
install_core() { mkdir -p "$home/logs"; }
import_missing_translations() { mkdir -p "$home/texts"; echo x >"$home/texts/.imported"; }
report_not_installed() { :; }
install_runtimes() { echo "umask $(umask), of programs $public_umask"; }
"""


@pytest.fixture(autouse=True)
def _usual_umask() -> object:
    before = os.umask(0o022)
    yield
    os.umask(before)


def open_to_others(home: Path) -> set[str]:
    """All paths in the folder that other users may access."""
    paths = [home, *home.rglob("*")]
    return {str(path) for path in paths if not path.is_symlink() and stat.S_IMODE(path.stat().st_mode) & 0o077}


def run_up(home: Path) -> None:
    """Start all processes, wait until each process has written its files, and stop all processes."""
    command = [LAMPSTAND, "--home", str(home), "up", *port_options()]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    expected_files = [
        home / name
        for name in (
            "tls/authority.key",
            "queue-library.db",
            "queue-ocr.db",
            "queue-media.db",
            "run/models.sock",
            "run/web.address",
            "logs/web.log",
            "backups",
        )
    ]
    deadline = time.monotonic() + WAIT_S
    try:
        while missing := [path for path in expected_files if not path.exists()]:
            assert time.monotonic() < deadline, missing
            time.sleep(0.1)  # other processes write the files, and there is no event to wait for
        assert set() == open_to_others(home)
    finally:
        process.terminate()
        process.wait(timeout=WAIT_S)


def test_new_files_are_private_from_the_start(tmp_path: Path) -> None:
    home = tmp_path / "home"
    subprocess.run(
        [LAMPSTAND, "--home", str(home), "users", "setup", "--name", "Anna", "--password-stdin"],
        input="seven green lamps burn",
        text=True,
        check=True,
        capture_output=True,
    )
    run_up(home)

    assert set() == open_to_others(home)


def test_start_makes_the_folder_of_an_earlier_version_private(tmp_path: Path) -> None:
    home = tmp_path / "home"
    for name in ("models", "logs", "run"):
        (home / name).mkdir(parents=True)
    bearer(home)
    (home / "logs" / "web.log").write_text("somebody asked something", encoding="utf-8")
    home.chmod(0o755)
    assert {str(home), str(home / "appliance.db"), str(home / "logs" / "web.log")} <= open_to_others(home)
    (home / "models").chmod(0o700)
    run_up(home)

    assert set() == open_to_others(home)


def test_doctor_finds_and_repairs_files_that_others_can_open(
    tmp_path: Path, lampstand: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    home = tmp_path / "home"
    bearer(home)
    (home / "appliance.db").chmod(0o644)

    def privacy(*options: str) -> dict[str, object]:
        checks = json.loads(lampstand("doctor", "--json", *options, home=home).stdout)["checks"]
        return next(check for check in checks if check["name"] == "Privacy")

    before = privacy()
    assert not before["ok"]
    assert "appliance.db" in str(before["finding"])
    assert "--repair" in str(before["remedy"])
    assert privacy("--repair")["ok"]
    assert [] == DataFolder(home).open_to_others()


def test_the_installer_makes_the_data_folder_private_but_not_programs(tmp_path: Path) -> None:
    checkout = tmp_path / "checkout"
    (checkout / "packaging").mkdir(parents=True)
    shutil.copy(PACKAGING / "run.sh", checkout / "packaging")
    (checkout / "packaging" / "install.sh").write_text(STUB, encoding="utf-8")
    home = tmp_path / "state" / "home"
    finished = subprocess.run(
        ["bash", str(checkout / "packaging" / "run.sh"), "--home", str(home), "--install-only"],
        capture_output=True,
        text=True,
        check=True,
    )

    assert set() == open_to_others(home)
    assert "umask 0077, of programs 0022" in finished.stdout
