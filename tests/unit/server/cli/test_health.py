"""`lampstand status` and `lampstand doctor`: the state of an installation, and its problems."""

import http.server
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes.clock import FakeClock
from fakes.command_home import CommandHome
from fakes.library_items import ENTRIES, put_item
from fakes.model_runtime import add_misbehaving
from fakes.serving import free_port

import appliance
from appliance.infrastructure.jobs.leases import this_process
from appliance.scripture.jobs import GRAPH, IMPORT, ImportArguments
from appliance.scripture.search.index import build_index
from appliance.scripture.translations.kinds import TRANSLATION
from server.cli.health import doctor, status
from server.supervision import note_address


class HealthyServer(http.server.BaseHTTPRequestHandler):
    """A web server that only answers whether it is healthy."""

    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/api/v1/health" else 404)
        self.end_headers()

    def log_message(self, *_arguments: object) -> None:
        pass


@pytest.fixture
def web_url() -> Iterator[str]:
    """The address of a running web server."""
    server = http.server.HTTPServer(("127.0.0.1", 0), HealthyServer)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture(autouse=True)
def _wide_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Long paths fit in one line of a table."""
    monkeypatch.setenv("COLUMNS", "400")


def status_lines(home: CommandHome) -> dict[str, str]:
    """The values that `status` prints, by their names."""
    rows = (line.strip().split("  ", 1) for line in home.run(status).output.splitlines())
    return {name: value.strip() for name, value in rows}


def put_translation(home: CommandHome) -> None:
    """Import a translation of two verses."""
    put_item(home.appliance.library, TRANSLATION, "Small", ENTRIES[TRANSLATION])


def test_a_new_installation_has_nothing_and_runs_nothing(home: CommandHome) -> None:
    answer = json.loads(home.run(status, "--json").output)

    assert (appliance.__version__, str(home.folder.home)) == (answer["version"], answer["home"])
    assert (False, False) == (answer["web_running"], answer["models_running"])
    assert ("http://127.0.0.1:8316", {}, []) == (answer["address"], answer["translations"], answer["jobs"])
    assert (False, 0, 0) == (answer["index"]["complete"], answer["index"]["embedded"], answer["index"]["total"])


def test_the_status_of_a_new_installation_says_how_to_start(home: CommandHome) -> None:
    lines = status_lines(home)

    assert "not running. Start with `lampstand up`." == lines["Web"]
    assert "not running. Starts when needed." == lines["Model runtime"]
    assert "none yet" == lines["Translations"]
    assert lines["Search by meaning"].startswith("not ready")


def test_the_status_names_translations_and_whether_they_have_vectors(home: CommandHome) -> None:
    put_translation(home)
    before = status_lines(home)
    build_index(home.appliance.library, home.appliance.embedder, "Small")

    assert ("Small (2 verses)", "not ready: 0 of 2 verses are embedded") == (
        before["Translations"],
        before["Search by meaning"],
    )
    assert "ready (Small)" == status_lines(home)["Search by meaning"]


def test_a_running_web_server_is_named_with_its_address(home: CommandHome, web_url: str) -> None:
    note_address(home.folder.create(), web_url)
    answer = json.loads(home.run(status, "--json").output)

    assert (True, web_url) == (answer["web_running"], answer["address"])
    assert f"running at {web_url}" == status_lines(home)["Web"]


def test_a_web_server_that_does_not_answer_is_not_running(home: CommandHome) -> None:
    note_address(home.folder.create(), f"http://127.0.0.1:{free_port()}")

    assert json.loads(home.run(status, "--json").output)["web_running"] is False


def test_added_models_are_listed(home: CommandHome) -> None:
    add_misbehaving(home.folder.models, name="tiny")

    assert "tiny" in json.loads(home.run(status, "--json").output)["models"]


def test_active_jobs_have_their_progress_and_the_time_left(tmp_path: Path) -> None:
    clock = FakeClock(time.time() - 300)
    home = CommandHome(tmp_path / "home", clock=clock)
    jobs = home.appliance.jobs
    running = home.appliance.dispatcher.create(GRAPH)
    home.appliance.dispatcher.create(IMPORT, ImportArguments(location="/texts/small.xml"))
    jobs.claim(running.id, this_process())
    jobs.report(running.id, this_process(), 0.5, "writing Verse")
    answer = json.loads(home.run(status, "--json").output)

    assert [("Build the graph", 0.5, "writing Verse"), ("Import small.xml", 0.0, "waiting")] == [
        (job["title"], job["progress"], job["message"]) for job in answer["jobs"]
    ]
    # Half of the work took five minutes.
    assert 300 <= answer["jobs"][0]["seconds_left"] < 330
    assert answer["jobs"][1]["seconds_left"] is None
    assert "Build the graph: 50%, writing Verse, 5 min left" in home.run(status).output
    home.close()


def checks(home: CommandHome) -> dict[str, dict[str, object]]:
    """The checks of `doctor`, by what they check."""
    return {check["name"]: check for check in json.loads(home.run(doctor, "--json").output)["checks"]}


def test_an_installation_without_a_translation_needs_a_fix(home: CommandHome) -> None:
    result = home.run(doctor)

    assert 1 == result.exit_code
    assert "fix  Translations: none. Run `lampstand library import FILE`.\n" in result.output
    assert "ok   Library: OK.\n" in result.output


def test_an_installation_that_needs_no_fix_has_the_exit_code_0(home: CommandHome) -> None:
    put_translation(home)
    result = home.run(doctor)

    assert 0 == result.exit_code
    assert "ok   Translations: Small\n" in result.output
    assert "fix " not in result.output
    # A missing feature is only a note.
    assert "note Search by meaning: 0 of 2 verses. Run `lampstand index` to embed the other verses.\n" in result.output


def test_json_of_the_doctor_has_the_same_exit_code(home: CommandHome) -> None:
    assert 1 == home.run(doctor, "--json").exit_code
    assert checks(home)["Translations"] == {
        "name": "Translations",
        "ok": False,
        "finding": "none.",
        "remedy": "Run `lampstand library import FILE`.",
        "needed": True,
    }
    put_translation(home)
    assert 0 == home.run(doctor, "--json").exit_code


def test_a_repair_removes_the_permissions_of_other_users(home: CommandHome) -> None:
    put_translation(home)
    home.folder.appliance_db.chmod(0o644)
    before = home.run(doctor)
    after = home.run(doctor, "--repair")

    assert (1, 0) == (before.exit_code, after.exit_code)
    assert "fix  Privacy: other users of this machine can open " in before.output
    assert "ok   Privacy: only this user can open people's data.\n" in after.output
    assert 0o600 == home.folder.appliance_db.stat().st_mode & 0o777


def test_a_damaged_library_is_not_opened_and_the_doctor_says_what_to_do(home: CommandHome) -> None:
    home.folder.create().library_db.write_bytes(b"no database" * 1_000)
    result = home.run(doctor)

    assert 1 == result.exit_code
    assert (
        "Move library.db to another folder. Then run ./packaging/run.sh again to rebuild the library." in result.output
    )
    assert "Translations" not in result.output
