"""If a database is lost, this is reported. An interrupted first start does not count as a lost database."""

import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from fakes.serving import bearer, port_options, serving

from appliance.community.accounts import queries
from appliance.infrastructure.jobs.kind import LIBRARY
from server.bootstrap import open_appliance

Run = Callable[..., subprocess.CompletedProcess[str]]
FIRST_START = """
import sys
from pathlib import Path
from appliance.infrastructure.backup import BACKUP
from server.bootstrap import open_appliance
print(flush=True)
appliance = open_appliance(Path(sys.argv[1]))
appliance.queue_connections.to("library")
appliance.certificate.served()
appliance.dispatcher.run_in_process(appliance.dispatcher.create(BACKUP))
print("backed up", flush=True)
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A data folder that has been used: it has an administrator, keys, a queue and a backup."""
    home = tmp_path / "home"
    bearer(home)
    subprocess.run([sys.executable, "-c", FIRST_START, str(home)], check=True, capture_output=True)
    return home


@pytest.mark.parametrize("missing", [False, True], ids=["empty", "missing"])
def test_a_lost_database_is_refused_and_restored(home: Path, missing: bool, lampstand: Run) -> None:
    database = home / "appliance.db"
    for suffix in ("", "-wal", "-shm"):
        database.with_name(database.name + suffix).unlink(missing_ok=True)
    if not missing:
        database.touch()
    (backup,) = (home / "backups").iterdir()
    commands = (("up", *port_options()), ("serve", *port_options()), ("worker", "ocr"), ("status",))
    started = [lampstand(*command, home=home) for command in commands]
    doctor = lampstand("doctor", home=home)

    assert [6] * 4 == [run.returncode for run in started]
    for run in started:
        assert "missing" in run.stderr if missing else "empty" in run.stderr
        assert backup.name in run.stderr
        assert "`lampstand restore`" in run.stderr
        assert "enter the code" not in run.stdout
    assert 1 == doctor.returncode
    assert backup.name in doctor.stdout
    assert missing != database.exists()

    restored = lampstand("restore", home=home)
    assert 0 == restored.returncode, restored.stderr
    appliance = open_appliance(home)
    people = [person.name for person in queries.people(appliance.appliance_db)]
    appliance.close()
    assert ["Administrator"] == people


def test_nothing_is_restored_while_a_server_runs(home: Path, lampstand: Run) -> None:
    with serving(home) as running:
        refused = lampstand("restore", home=home)
        assert running.guest.get("/api/v1/health").is_success

    assert 5 == refused.returncode
    assert f"kill {running.process.pid}" in refused.stderr


def test_a_damaged_database_is_restored_and_kept(home: Path, lampstand: Run) -> None:
    (home / "appliance.db").write_bytes(b"garbage" * 2_000)
    doctor = lampstand("doctor", home=home)
    restored = lampstand("restore", home=home)

    assert 1 == doctor.returncode
    assert "`lampstand restore`" in doctor.stdout
    assert 0 == restored.returncode, restored.stderr
    (kept,) = home.glob("appliance-before-*.db")
    assert kept.read_bytes().startswith(b"garbage")
    assert 0 == lampstand("status", home=home).returncode


def test_a_folder_with_only_a_library_is_a_new_installation(home: Path, tmp_path: Path, lampstand: Run) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (home / "library.db").rename(other / "library.db")

    assert 0 == lampstand("status", home=other).returncode


@pytest.mark.parametrize("rounds", [8, pytest.param(100, marks=pytest.mark.soak)])
def test_a_first_start_that_is_killed_at_any_moment_leaves_no_damage(tmp_path: Path, rounds: int) -> None:
    generator = random.Random(rounds)
    for number in range(rounds):
        home = tmp_path / str(number)
        child = subprocess.Popen([sys.executable, "-c", FIRST_START, str(home)], stdout=subprocess.PIPE)
        assert child.stdout is not None
        child.stdout.readline()
        time.sleep(generator.uniform(0.0, 0.6))  # kill at a random moment
        child.kill()
        child.communicate()
        appliance = open_appliance(home)
        appliance.queue_connections.to(LIBRARY)
        appliance.close()
        assert (home / "appliance.db").stat().st_size > 0
