"""Job queues on an external server: the same jobs run, and Redis or PostgreSQL wakes the workers."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes.serving import free_port

from appliance.infrastructure.jobs.job import State
from appliance.infrastructure.queue import JobQueue, QueueAddressInvalid
from server.bootstrap import open_appliance
from server.exercises import NOTE, SELECT_TRACES, StepsArguments, start_worker, traces

WAIT_S = 60


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[str]:
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("Debian's redis-server is not installed; packaging/test.sh installs it as root")
    port = free_port()
    command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(tmp_path)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    while "Ready to accept connections" not in server.stdout.readline():
        assert server.poll() is None
    yield f"redis://127.0.0.1:{port}/0"
    server.terminate()
    server.wait()


@pytest.fixture
def postgresql(tmp_path: Path) -> Iterator[str]:
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not programs:
        pytest.skip("Debian's postgresql is not installed; packaging/test.sh installs it as root")
    folder, port = Path(tmp_path / "cluster"), free_port()
    folder.mkdir()
    # PostgreSQL refuses to run as root, so root runs it as another user.
    as_user = []
    if os.getuid() == 0:
        as_user = ["setpriv", "--reuid", "postgres", "--regid", "postgres", "--clear-groups", "--"]
        shutil.chown(folder, "postgres", "postgres")
        for parent in (tmp_path, *tmp_path.parents):
            if parent.stat().st_uid == 0 and parent != Path("/") and not parent.stat().st_mode & 0o001:
                parent.chmod(parent.stat().st_mode | 0o011)
    initdb = [*as_user, str(programs[-1] / "initdb"), "-D", str(folder), "-U", "lampstand", "-A", "trust", "--no-sync"]
    subprocess.run(initdb, check=True, capture_output=True, cwd="/")
    options = ["-D", str(folder), "-p", str(port), "-c", "listen_addresses=127.0.0.1", "-k", str(folder), "-F"]
    server = subprocess.Popen(
        [*as_user, str(programs[-1] / "postgres"), *options], stderr=subprocess.PIPE, text=True, cwd="/"
    )
    assert server.stderr is not None
    while "ready to accept connections" not in server.stderr.readline():
        assert server.poll() is None
    yield f"postgresql://lampstand@127.0.0.1:{port}/postgres"
    server.terminate()
    server.wait()


@pytest.mark.parametrize("kind", ["redis", "postgresql"])
def test_jobs_run_through_a_queue_server(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    address = request.getfixturevalue(kind)
    home = tmp_path / "home"
    home.mkdir()
    (home / "settings.toml").write_text(f'queues_address = "{address}"\n')
    appliance = open_appliance(home)
    worker = start_worker(home, "library")
    try:
        jobs = [appliance.dispatcher.create(NOTE, StepsArguments(number=number)) for number in range(20)]
        for job in jobs:
            appliance.dispatcher.wake(job)
        deadline = time.monotonic() + WAIT_S
        while appliance.jobs.active():
            assert time.monotonic() < deadline, appliance.jobs.active()
            time.sleep(0.05)  # another process makes progress, and sends no event
    finally:
        worker.terminate()
        worker.wait(timeout=20)
    states = {job.id: appliance.jobs.get(job.id).state for job in jobs}
    trace_counts: dict[int, int] = dict(traces(home).reader.rows(SELECT_TRACES))
    appliance.close()

    assert {State.DONE} == set(states.values())
    assert dict.fromkeys(states, 1) == trace_counts
    assert not (home / "queue-library.db").exists()


@pytest.mark.parametrize("address", ["http://127.0.0.1/", "kitchen", "sqlite:///q.db"])
def test_an_invalid_queue_address_is_reported(address: str, tmp_path: Path) -> None:
    with pytest.raises(QueueAddressInvalid, match="is not a valid address of job queues"):
        JobQueue("library", tmp_path / "q.db", address)
