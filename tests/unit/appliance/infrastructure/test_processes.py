"""Other programs run with a time limit and are ended with their children."""

import os
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from appliance.infrastructure.processes import ProgramFailed, dying_with_parent, run_program


def test_each_line_of_output_is_passed_on() -> None:
    lines: list[str] = []
    finished = run_program(["printf", "one\\ntwo\\n"], timeout_s=20, on_line=lines.append)

    assert ["one", "two"] == lines == finished.tail


def test_the_error_contains_the_programs_last_line() -> None:
    with pytest.raises(ProgramFailed, match="status 3: no such verse"):
        run_program(["sh", "-c", "echo no such verse; exit 3"], timeout_s=20)


def test_the_error_names_a_missing_program() -> None:
    with pytest.raises(ProgramFailed, match="no-such-program could not be started"):
        run_program(["no-such-program"], timeout_s=5)


def test_a_child_that_outlives_its_parent_is_ended_after_the_time_limit() -> None:
    with pytest.raises(ProgramFailed, match="took longer than"):
        run_program(["sh", "-c", "sleep 30 & echo on"], timeout_s=0.3)


def test_a_program_that_takes_too_long_is_ended_with_its_children(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # In a container, an ended program may stay for a while as a zombie. The test does not wait for it.
    monkeypatch.setattr("appliance.infrastructure.processes.KILL_AFTER_S", 0.2)
    script = f"sleep 60 & echo $! > {tmp_path / 'pid'}; wait"
    with pytest.raises(ProgramFailed, match="longer than 1 seconds"):
        run_program(["sh", "-c", script], timeout_s=1)

    child = int((tmp_path / "pid").read_text())
    assert not psutil.pid_exists(child) or psutil.Process(child).status() == psutil.STATUS_ZOMBIE


def test_all_standard_input_arrives_while_the_program_prints() -> None:
    text = "in the beginning\n" * 20_000
    lines: list[str] = []
    run_program(["cat"], timeout_s=30, standard_input=text, on_line=lines.append)

    assert text.splitlines() == lines


def test_without_inheritance_a_program_gets_only_the_given_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "of the server")
    lines: list[str] = []
    run_program(
        ["env"], timeout_s=20, environment={"ONE": "1"}, inherit_environment=False, niceness=1, on_line=lines.append
    )

    assert ["ONE=1"] == lines


def test_an_endless_line_ends_the_program() -> None:
    with pytest.raises(ProgramFailed, match="more than 5,000 characters"):
        run_program(["cat", "/dev/zero"], timeout_s=30, max_line_characters=5_000)


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
    monkeypatch.setattr("appliance.infrastructure.processes.PROBE_S", 0.1)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)

    assert () == dying_with_parent()
    assert 0 == run_program(["true"], timeout_s=20).returncode


@pytest.mark.usefixtures("_cleared_probe_cache")
def test_a_setpriv_with_the_option_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "setpriv"
    program.write_text('#!/bin/sh\nshift 3\nexec "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)

    assert (str(program), "--pdeathsig", "KILL", "--") == dying_with_parent()
