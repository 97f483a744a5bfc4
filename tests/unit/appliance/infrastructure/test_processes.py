"""Other programs run with a time limit and are ended with their children."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from appliance.infrastructure.processes import ProgramFailed, dying_with_parent, run_program


def test_each_line_of_output_is_passed_on() -> None:
    lines: list[str] = []
    finished = run_program([sys.executable, "-c", "print('one'); print('two')"], timeout_s=20, on_line=lines.append)

    assert ["one", "two"] == lines == finished.tail


def test_the_error_contains_the_programs_last_line() -> None:
    with pytest.raises(ProgramFailed, match="status 3: no such verse"):
        run_program([sys.executable, "-c", "print('no such verse'); raise SystemExit(3)"], timeout_s=20)


def test_the_error_names_a_missing_program() -> None:
    with pytest.raises(ProgramFailed, match="no-such-program could not be started"):
        run_program(["no-such-program"], timeout_s=5)


def test_a_child_that_outlives_its_parent_is_ended_after_the_time_limit() -> None:
    with pytest.raises(ProgramFailed, match="longer than 1 seconds"):
        run_program(["sh", "-c", "sleep 30 & echo on"], timeout_s=1)


def test_a_program_that_takes_too_long_is_ended_with_its_children(tmp_path: Path) -> None:
    script = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        f"open({str(tmp_path / 'pid')!r}, 'w').write(str(child.pid))\ntime.sleep(60)\n"
    )
    with pytest.raises(ProgramFailed, match="longer than 3 seconds"):
        run_program([sys.executable, "-c", script], timeout_s=3)

    child = int((tmp_path / "pid").read_text())
    assert not psutil.pid_exists(child) or psutil.Process(child).status() == psutil.STATUS_ZOMBIE


def test_all_standard_input_arrives_while_the_program_prints() -> None:
    text = "in the beginning\n" * 20_000
    echo = "import sys\nfor line in sys.stdin: print(line, end='')"
    lines: list[str] = []
    run_program([sys.executable, "-c", echo], timeout_s=30, standard_input=text, on_line=lines.append)

    assert text.splitlines() == lines


def test_without_inheritance_a_program_gets_only_the_given_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "of the server")
    show = [sys.executable, "-I", "-c", "import os; print(sorted(os.environ.keys() - {'LC_CTYPE'}))"]
    lines: list[str] = []
    run_program(
        show, timeout_s=20, environment={"ONE": "1"}, inherit_environment=False, niceness=1, on_line=lines.append
    )

    assert ["['ONE']"] == lines


def test_an_endless_line_ends_the_program() -> None:
    endless = [sys.executable, "-c", "while True: print('a' * 1000, end='')"]
    with pytest.raises(ProgramFailed, match="more than 5,000 characters"):
        run_program(endless, timeout_s=30, max_line_characters=5_000)


@pytest.fixture
def _cleared_probe_cache() -> Iterator[None]:
    dying_with_parent.cache_clear()
    yield
    dying_with_parent.cache_clear()


@pytest.mark.usefixtures("_cleared_probe_cache")
@pytest.mark.parametrize("refusal", ["exit 1", "exec sleep 30"], ids=["unknown option", "hangs"])
def test_a_setpriv_without_the_option_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refusal: str
) -> None:
    program = tmp_path / "setpriv"
    program.write_text(f"#!/bin/sh\n{refusal}\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setattr("appliance.infrastructure.processes.PROBE_S", 0.5)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)

    assert () == dying_with_parent()
    assert 0 == run_program([sys.executable, "-c", ""], timeout_s=20).returncode


@pytest.mark.usefixtures("_cleared_probe_cache")
def test_a_setpriv_with_the_option_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "setpriv"
    program.write_text('#!/bin/sh\nshift 3\nexec "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)

    assert (str(program), "--pdeathsig", "KILL", "--") == dying_with_parent()
