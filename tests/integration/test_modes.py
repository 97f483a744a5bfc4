"""Other users of the machine can open nothing of the data folder, whatever their umask was and however it was made."""

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
# What run.sh needs of install.sh, without installing anything.
STUB = """
step() { :; }
install_core() { mkdir -p "$home/logs"; }
import_missing_texts() { mkdir -p "$home/texts"; echo x >"$home/texts/.imported"; }
report_not_installed() { :; }
install_runtimes() { echo "umask $(umask), of programs $public_umask"; }
"""


@pytest.fixture(autouse=True)
def _usual_umask() -> object:
    before = os.umask(0o022)
    yield
    os.umask(before)


def opened(home: Path) -> set[str]:
    """Everything in the folder that others have a right to."""
    paths = [home, *home.rglob("*")]
    return {str(each) for each in paths if not each.is_symlink() and stat.S_IMODE(each.stat().st_mode) & 0o077}


def run_up(home: Path) -> None:
    """Start everything, wait until each process has written, and stop it."""
    command = [LAMPSTAND, "--home", str(home), "up", *port_options()]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wanted = [
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
        while not all(each.exists() for each in wanted):
            assert time.monotonic() < deadline, [each for each in wanted if not each.exists()]
            time.sleep(0.1)  # other processes' progress: there is no event to wait on from here
        assert set() == opened(home)
    finally:
        process.terminate()
        process.wait(timeout=WAIT_S)


def test_everything_that_is_made_is_private_from_the_start(tmp_path: Path) -> None:
    home = tmp_path / "home"
    subprocess.run(
        [LAMPSTAND, "--home", str(home), "users", "setup", "--name", "Anna", "--password-stdin"],
        input="seven green lamps burn",
        text=True,
        check=True,
        capture_output=True,
    )
    run_up(home)

    assert set() == opened(home)


def test_a_folder_of_an_earlier_version_is_closed_at_the_start(tmp_path: Path) -> None:
    home = tmp_path / "home"
    for name in ("models", "logs", "run"):
        (home / name).mkdir(parents=True)
    bearer(home)
    (home / "logs" / "web.log").write_text("somebody asked something", encoding="utf-8")
    home.chmod(0o755)
    assert {str(home), str(home / "appliance.db"), str(home / "logs" / "web.log")} <= opened(home)
    (home / "models").chmod(0o700)
    run_up(home)

    assert set() == opened(home)


def test_doctor_finds_open_files_and_repairs_them(
    tmp_path: Path, lampstand: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    home = tmp_path / "home"
    bearer(home)
    (home / "appliance.db").chmod(0o644)

    def privacy(*options: str) -> dict[str, object]:
        checks = json.loads(lampstand("doctor", "--json", *options, home=home).stdout)["checks"]
        return next(each for each in checks if each["what"] == "Privacy")

    before = privacy()
    assert not before["ok"]
    assert "appliance.db" in str(before["finding"])
    assert "--repair" in str(before["remedy"])
    assert privacy("--repair")["ok"]
    assert [] == DataFolder(home).open_to_others()


def test_the_installer_makes_the_folder_private_and_programs_as_usual(tmp_path: Path) -> None:
    here = tmp_path / "checkout"
    (here / "packaging").mkdir(parents=True)
    shutil.copy(PACKAGING / "run.sh", here / "packaging")
    (here / "packaging" / "install.sh").write_text(STUB, encoding="utf-8")
    home = tmp_path / "state" / "home"
    done = subprocess.run(
        ["bash", str(here / "packaging" / "run.sh"), "--home", str(home), "--install-only"],
        capture_output=True,
        text=True,
        check=True,
    )

    assert set() == opened(home)
    assert "umask 0077, of programs 0022" in done.stdout
