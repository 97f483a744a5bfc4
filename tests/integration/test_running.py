"""`lampstand up`: its processes, the restart of a process that died, and jobs that resume."""

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from fakes.serving import LAMPSTAND, Served, port_options, serving
from fakes.tiny_gguf import make_tiny_gguf

from appliance.infrastructure.database import Database
from appliance.infrastructure.jobs.job import State
from appliance.infrastructure.jobs.ledger import Jobs
from appliance.scripture import operations
from appliance.scripture.importers.detect import open_sources
from appliance.scripture.jobs import INDEX
from server.bootstrap import APPLIANCE_MIGRATIONS, LIBRARY_MIGRATIONS, open_appliance

WAIT_S = 90


def wait_for(condition: Callable[[], object], what: str) -> object:
    deadline = time.monotonic() + WAIT_S
    while time.monotonic() < deadline:
        result = condition()
        if result:
            return result
        time.sleep(0.1)  # another process makes progress, and sends no event
    raise AssertionError(f"waited {WAIT_S} s for {what}")


def processes(home: Path, word: str) -> list[psutil.Process]:
    matches = []
    for process in psutil.process_iter(["cmdline", "status"]):
        line = " ".join(process.info["cmdline"] or ())
        if (
            str(home) in line
            and f" {word}" in line
            and process.info["status"] != psutil.STATUS_ZOMBIE
            and "supervisor" not in line
        ):
            matches.append(process)
    return matches


def forget_vectors(home: Path, keep: int) -> None:
    """Make the index look interrupted: only `keep` verses have vectors, and the cache has no vectors of the others."""
    shutil.rmtree(home / "models" / "embeddings", ignore_errors=True)
    database = Database(home / "library.db", LIBRARY_MIGRATIONS)
    with database.write() as work:
        work.execute(
            "DELETE FROM verse_vectors WHERE id IN (SELECT verse_id FROM embedded_verses ORDER BY verse_id LIMIT -1 OFFSET ?)",
            (keep,),
        )
        work.execute(
            "DELETE FROM embedded_verses WHERE verse_id IN (SELECT verse_id FROM embedded_verses ORDER BY verse_id LIMIT -1 OFFSET ?)",
            (keep,),
        )
    database.close()


def embedded(home: Path) -> int:
    database = Database(home / "library.db", LIBRARY_MIGRATIONS)
    count = int(database.reader.value("SELECT count(*) FROM embedded_verses"))
    database.close()
    return count


def test_a_killed_process_is_restarted(copy_home: Callable[[], Path]) -> None:
    home = copy_home()
    with serving(home, command="up") as running:
        (web,) = processes(home, "serve --supervised")
        web.kill()
        wait_for(
            lambda: [process for process in processes(home, "serve --supervised") if process.pid != web.pid],
            "another web process",
        )
        wait_for(lambda: _is_healthy(running), "health after the restart")
        assert "Matt.6.34" in running.http.get("/api/v1/search", params={"q": "do not be anxious"}).text
        second = subprocess.run(
            [LAMPSTAND, "--home", str(home), "up", *port_options()],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert 5 == second.returncode
        assert "already running" in second.stderr
    assert [] == processes(home, "serve") + processes(home, "worker")


def _is_healthy(running: Served) -> bool:
    try:
        return running.http.get("/api/v1/health").is_success
    except httpx.HTTPError:
        return False


def index_jobs(running: Served) -> list[dict[str, Any]]:
    return [job for job in running.http.get("/api/v1/jobs").json()["jobs"] if job["kind"] == "index"]


def test_an_index_job_resumes_after_its_worker_is_killed(copy_home: Callable[[], Path]) -> None:
    home = copy_home()
    forget_vectors(home, keep=35_000)
    with serving(home, command="up") as running:
        wait_for(lambda: embedded(home) > 35_000, "the first embedded verses")
        (worker,) = processes(home, "worker library")
        worker.kill()
        at_death = embedded(home)
        wait_for(lambda: running.http.get("/api/v1/health").json()["status"] == "ok", "the whole index")
        wait_for(lambda: not any(job["state"] == "running" for job in index_jobs(running)), "the end of the job")
        jobs = index_jobs(running)
    database = Database(home / "appliance.db", APPLIANCE_MIGRATIONS)
    job = Jobs(database, overseers="administrators").get(jobs[0]["id"])
    library = Database(home / "library.db", LIBRARY_MIGRATIONS)

    assert 35_000 < at_death < 37_457
    assert (State.DONE, 2) == (job.state, job.attempts)
    assert 37_457 == embedded(home) == library.reader.value("SELECT count(*) FROM verse_vectors")


def test_unchanged_verses_are_not_embedded_again(copy_home: Callable[[], Path]) -> None:
    home = copy_home()
    appliance = open_appliance(home)
    with appliance.library.write() as work:
        work.execute(
            "UPDATE verses SET text = text || ' Selah.' WHERE translation = 'WEB' AND verse_id BETWEEN 19023001 AND 19023006"
        )
    job = appliance.dispatcher.run_in_process(appliance.dispatcher.create(INDEX))
    again = appliance.dispatcher.run_in_process(appliance.dispatcher.create(INDEX))
    appliance.close()

    assert ("6 verses embedded", "nothing new to embed") == (job.message, again.message)


def test_a_translation_that_is_imported_again_keeps_its_vectors(
    copy_home: Callable[[], Path], sword_root: Path
) -> None:
    appliance = open_appliance(copy_home())
    operations.remove(appliance.library, "WEB")
    without = appliance.derived.index_state()
    with open_sources(str(sword_root), only=frozenset({"WEB"})) as (source,):
        operations.import_source(appliance.library, source)
    before = appliance.derived.index_state()
    job = appliance.dispatcher.run_in_process(appliance.dispatcher.create(INDEX))
    after = appliance.derived.index_state()
    appliance.close()

    assert ("KJV", 0) == (without.translation, without.embedded)
    assert ("WEB", False) == (before.translation, before.complete)
    assert ("nothing new to embed", True) == (job.message, after.complete)


def test_a_killed_import_does_not_damage_the_library(tmp_path: Path, sword_root: Path) -> None:
    home = tmp_path / "home"
    command = [LAMPSTAND, "--home", str(home), "library", "import", str(sword_root), "--only", "RV1909", "--no-index"]
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_for(lambda: (home / "appliance.db").exists() and _progress(home) > 0.2, "a running import")
    child.kill()
    child.wait()
    listed = json.loads(
        subprocess.run(
            [LAMPSTAND, "--home", str(home), "library", "list", "--json"], capture_output=True, text=True, check=True
        ).stdout
    )
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)

    assert [] == listed["translations"]
    assert "RV1909: 31,084 imported" in done.stdout


def _progress(home: Path) -> float:
    database = Database(home / "appliance.db", APPLIANCE_MIGRATIONS)
    try:
        # The database file exists a moment before the tables in it.
        if not database.reader.value("SELECT count(*) FROM sqlite_master WHERE name = 'jobs'"):
            return 0.0
        return max((job.progress for job in Jobs(database, overseers="administrators").active()), default=0.0)
    finally:
        database.close()


def test_an_answer_interrupted_by_a_crash_keeps_its_text_and_reports_an_error(copy_home: Callable[[], Path]) -> None:
    home = copy_home()
    make_tiny_gguf(home / "slow.gguf", layers=12)
    subprocess.run(
        [LAMPSTAND, "--home", str(home), "models", "add", str(home / "slow.gguf")], capture_output=True, check=True
    )
    with serving(home) as running:
        message = running.http.post("/api/v1/ask", json={"question": "What is love?"}).json()
        wait_for(lambda: running.http.get(f"/api/v1/messages/{message['id']}").json()["text"], "the first words")
        os.kill(running.process.pid, signal.SIGKILL)
        running.process.wait()
    with serving(home) as running:
        stored = running.http.get(f"/api/v1/messages/{message['id']}").json()
        stream = running.http.get(f"/api/v1/messages/{message['id']}/stream").text

    assert "interrupted" == stored["state"]
    assert stored["text"]
    assert "event: error" in stream
    assert "Ask the question again" in stored["error"]


def test_a_chat_model_writes_a_streamed_answer_and_can_be_stopped(
    copy_home: Callable[[], Path], tiny_gguf: Path
) -> None:
    home = copy_home()
    subprocess.run([LAMPSTAND, "--home", str(home), "models", "add", str(tiny_gguf)], capture_output=True, check=True)
    with serving(home) as running:
        message = running.http.post("/api/v1/ask", json={"question": "What is love?", "translation": "KJV"}).json()
        stream = running.http.get(f"/api/v1/messages/{message['id']}/stream").text
        whole = running.http.get(f"/api/v1/messages/{message['id']}").json()
        second = running.http.post("/api/v1/ask", json={"question": "What is peace?"}).json()
        wait_for(lambda: running.http.get(f"/api/v1/messages/{second['id']}").json()["text"], "the first words")
        stopped = running.http.post(f"/api/v1/messages/{second['id']}/stop").json()

    assert stream.count("event: token") > 10
    assert ("done", "tiny") == (whole["state"], whole["made_by"])
    assert whole["sources"]
    assert "stopped" == stopped["state"]
    assert stopped["text"]


def test_the_web_process_starts_quickly_and_uses_little_memory_when_idle(indexed_home: Path, served: Served) -> None:
    """This test checks only the order of magnitude of the time and the memory."""
    began = time.monotonic()
    with serving(indexed_home) as running:
        took = time.monotonic() - began
        memory = psutil.Process(running.process.pid).memory_info().rss / 2**20

    assert took < 10
    assert memory < 200


def wait_for_verses(home: Path, goal: int) -> None:
    wait_for(lambda: embedded(home) > goal, f"{goal} verses")


@pytest.mark.soak
def test_the_index_survives_many_killed_workers(copy_home: Callable[[], Path]) -> None:
    home = copy_home()
    forget_vectors(home, keep=30_000)
    rounds = 20
    with serving(home, command="up") as running:
        for number in range(rounds):
            goal = min(30_000 + number * 300, 37_000)
            wait_for_verses(home, goal)
            for worker in processes(home, "worker library"):
                worker.kill()
            wait_for(lambda: processes(home, "worker library"), "another worker")
        wait_for(lambda: running.http.get("/api/v1/health").json()["status"] == "ok", "the whole index")

    assert 37_457 == embedded(home)
