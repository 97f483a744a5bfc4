"""The command line, used as a volunteer uses it: output, JSON, exit codes, error messages."""

import json
import os
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from fakes.serving import serving

from appliance.infrastructure.database import Database
from server.bootstrap import LIBRARY_MIGRATIONS

Run = Callable[..., subprocess.CompletedProcess[str]]
COMMANDS = "up serve worker library index read search ask models jobs status doctor eval bench".split()


def test_help_names_every_command(lampstand: Run) -> None:
    help_text = lampstand("--help").stdout

    assert [] == [command for command in COMMANDS if f"\n  {command} " not in help_text]


def test_reading(lampstand: Run, indexed_home: Path) -> None:
    done = lampstand("read", "John", "3:16", "-t", "WEB,RV1909", home=indexed_home)
    as_json = json.loads(lampstand("read", "John 3:16-18", "--json", home=indexed_home).stdout)

    assert 0 == done.returncode
    assert "only born Son" in done.stdout.replace("\n", " ")
    assert "Hijo unigénito" in done.stdout.replace("\n", " ")
    assert ("John 3:16–18", 3) == (as_json["reference"], len(as_json["verses"]))


def test_searching_without_a_server(lampstand: Run, indexed_home: Path) -> None:
    hits = json.loads(lampstand("search", "do not be anxious", "--json", home=indexed_home).stdout)["hits"]

    assert "Matt.6.34" in [hit["osis"] for hit in hits[:3]]
    assert any(hit["why"]["semantic_rank"] for hit in hits)


def test_asking_without_a_server(lampstand: Run, indexed_home: Path) -> None:
    message = json.loads(lampstand("ask", "What is said about worry?", "--json", home=indexed_home).stdout)

    assert ("done", "extractive") == (message["state"], message["made_by"])
    assert message["sources"]


def test_status_and_doctor(lampstand: Run, indexed_home: Path) -> None:
    status = json.loads(lampstand("status", "--json", home=indexed_home).stdout)
    doctor = lampstand("doctor", home=indexed_home)
    with serving(indexed_home) as running:
        status_while_running = json.loads(lampstand("status", "--json", home=indexed_home).stdout)

    assert (True, {"WEB": 37_457, "KJV": 31_102, "RV1909": 31_084}) == (
        status["index"]["complete"],
        status["translations"],
    )
    assert 0 == doctor.returncode
    assert "Library: OK." in doctor.stdout
    assert (True, running.url) == (
        status_while_running["web_running"],
        status_while_running["address"],
    )


def test_doctor_reports_a_damaged_file(lampstand: Run, tmp_path: Path) -> None:
    lampstand("status", home=tmp_path)
    (tmp_path / "library.db").write_bytes(b"no database at all" * 500)
    doctor = lampstand("doctor", home=tmp_path)

    assert 1 == doctor.returncode
    assert "run.sh again" in doctor.stdout


def test_evaluation_prints_measurements(lampstand: Run, indexed_home: Path, tmp_path: Path) -> None:
    topics = tmp_path / "topics.tsv"
    topics.write_text(
        "# topic\tstart\tend\tvotes\ndo not be anxious\tMatt.6.34\t\t100\ndo not be anxious\tMatt.6.25\tMatt.6.27\t50\nlove\t1John.4.8\t\t80\n"
    )
    report = json.loads(lampstand("eval", "topics", str(topics), "--json", home=indexed_home).stdout)
    values = {measurement["name"]: measurement["value"] for measurement in report["measurements"]}

    assert ("topics", 2) == (report["name"], values["topics"])
    assert {"ndcg_at_10", "recall_at_100", "hit_at_10", "p50_ms", "p95_ms"} <= values.keys()
    assert 0 < values["ndcg_at_10"] <= 1
    assert report["machine"]["cores"] >= 1


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["read", "Jhon"], 4, "Did you mean John?"),
        (["read", "John 99"], 4, "21 chapters"),
        (["search", "!!"], 2, "empty"),
        (["library", "import", "/nowhere"], 4, "no file or folder"),
        (["library", "remove", "NOPE", "--yes"], 4, "no translation"),
        (["models", "add", "/etc/hostname"], 2, "is not a model"),
        (["jobs", "cancel", "99"], 4, "no job 99"),
        (["eval", "topics", "/nowhere"], 2, "cannot be read"),
        (["nonsense"], 2, "No such command"),
    ],
)
def test_an_error_is_printed_as_a_sentence_and_sets_the_exit_code(
    lampstand: Run, indexed_home: Path, arguments: list[str], code: int, message: str
) -> None:
    done = lampstand(*arguments, home=indexed_home)

    assert code == done.returncode, done.stderr
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_an_empty_library_suggests_an_import(lampstand: Run, tmp_path: Path) -> None:
    done = lampstand("read", "John 3:16", home=tmp_path / "home")

    assert 4 == done.returncode
    assert "library import" in done.stderr


def test_import_and_remove(lampstand: Run, tmp_path: Path, sword_root: Path) -> None:
    home = tmp_path / "home"
    first = lampstand("library", "import", str(sword_root), "--only", "RV1909", home=home)
    again = lampstand("library", "import", str(sword_root), "--only", "RV1909", home=home)
    declined = subprocess.run(
        [*_command(home), "library", "remove", "RV1909"], input="n\n", capture_output=True, text=True, check=False
    )
    removed = lampstand("library", "remove", "RV1909", "--yes", home=home)

    assert "RV1909: 31,084 imported" in first.stdout
    assert "RV1909: 31,084 unchanged" in again.stdout
    assert 130 == declined.returncode
    assert (0, {"translations": [], "dictionaries": [], "datasets": []}) == (
        removed.returncode,
        json.loads(lampstand("library", "list", "--json", home=home).stdout),
    )


def _command(home: Path) -> list[str]:
    import sys

    return [str(Path(sys.executable).with_name("lampstand")), "--home", str(home)]


def test_a_port_in_use_is_reported_and_nothing_starts(lampstand: Run, tmp_path: Path) -> None:
    with socket.socket() as used_port:
        used_port.bind(("127.0.0.1", 0))
        used_port.listen()
        port = str(used_port.getsockname()[1])
        results = {command: lampstand(command, "--port", port, home=tmp_path / "home") for command in ("up", "serve")}

    assert {"up": 5, "serve": 5} == {command: result.returncode for command, result in results.items()}
    assert all(f"Port {port}" in result.stderr and "--port" in result.stderr for result in results.values())


def test_a_data_folder_of_a_newer_version_is_not_changed(lampstand: Run, tmp_path: Path) -> None:
    home = tmp_path / "home"
    lampstand("status", home=home)
    database = Database(home / "library.db", LIBRARY_MIGRATIONS)
    with database.write() as work:
        work.execute("INSERT INTO migrations (name) VALUES ('m999_future')")
    database.close()
    before = {path.name: path.read_bytes() for path in home.glob("*.db")}
    done = lampstand("status", home=home)

    assert 2 == done.returncode
    assert "newer Lampstand" in done.stderr
    assert before == {path.name: path.read_bytes() for path in home.glob("*.db")}


def test_a_full_disk_is_reported_in_one_sentence(tmp_path: Path, sword_root: Path) -> None:
    """A file size limit simulates a full disk: SQLite's writes fail in the same way as on a full disk."""
    home = tmp_path / "home"
    script = f"ulimit -f 2000; exec {' '.join(_command(home))} library import {sword_root} --only RV1909"
    done = subprocess.run(
        ["bash", "-c", script], capture_output=True, text=True, check=False, preexec_fn=_ignore_sigxfsz
    )

    assert done.returncode not in (0, 1), done.stderr
    assert "Traceback" not in done.stderr
    assert (
        []
        == json.loads(
            subprocess.run(
                [*_command(home), "library", "list", "--json"], capture_output=True, text=True, check=True
            ).stdout
        )["translations"]
    )


def _ignore_sigxfsz() -> None:
    import signal

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)


@pytest.mark.skipif(os.getuid() == 0, reason="root can write to every folder")
def test_a_read_only_folder_is_reported(lampstand: Run, tmp_path: Path) -> None:
    tmp_path.chmod(0o500)

    assert 2 == lampstand("status", home=tmp_path / "home").returncode
