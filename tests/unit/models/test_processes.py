"""A module that runs in its own process: its output, its errors, and its end with all its children."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from models.errors import ModelUnavailable
from models.processes import TAIL_CHARACTERS, run_module

InstallPython = Callable[[str], None]


@pytest.fixture
def install_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> InstallPython:
    """Replace Python by a shell script. Its first arguments are -P, -m and the name of the module."""

    def install(script: str) -> None:
        program = tmp_path / "python"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o700)
        monkeypatch.setattr(sys, "executable", str(program))

    return install


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    """One event loop for all tests."""
    with asyncio.Runner() as opened:
        yield opened


class Run:
    """Runs a module and returns its output."""

    def __init__(self, runner: asyncio.Runner) -> None:
        self._runner = runner

    def __call__(self, *arguments: str, timeout_s: float = 20, environment: Mapping[str, str] | None = None) -> bytes:
        return self._runner.run(run_module("models.probe", *arguments, timeout_s=timeout_s, environment=environment))


@pytest.fixture
def run(runner: asyncio.Runner) -> Run:
    return Run(runner)


def test_the_output_of_a_module_is_returned(run: Run, install_python: InstallPython) -> None:
    install_python('echo "$2 $3 $4 $5"; echo "a warning" >&2')

    assert b"-m models.probe --gpus all of them\n" == run("--gpus", "all of them")


def test_a_module_does_not_wait_for_input(run: Run, install_python: InstallPython) -> None:
    install_python("cat; echo end")

    assert b"end\n" == run()


def test_a_module_gets_the_environment_of_its_caller_and_more(
    run: Run, install_python: InstallPython, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ONE", "1")
    monkeypatch.setenv("TWO", "2")
    install_python('echo "$ONE $TWO $THREE"')

    assert b"1 changed 3\n" == run(environment={"TWO": "changed", "THREE": "3"})


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("echo Traceback >&2; echo 'no such file' >&2; exit 3", r"models\.probe ended with status 3: no such file$"),
        ("printf '\\377 is not text' >&2; exit 1", "status 1: \N{REPLACEMENT CHARACTER} is not text$"),
        ("exit 1", "status 1: no error message$"),
        ("kill -9 $$", "status -9: no error message$"),
    ],
)
def test_the_error_of_a_module_has_its_status_and_its_last_line(
    run: Run, install_python: InstallPython, script: str, message: str
) -> None:
    install_python(script)

    with pytest.raises(ModelUnavailable, match=message):
        run()


def test_a_long_error_is_shortened_to_its_end(run: Run, install_python: InstallPython) -> None:
    install_python(f"printf '%0{TAIL_CHARACTERS}d the reason' 0 >&2; exit 1")

    with pytest.raises(ModelUnavailable, match=r"0 the reason$") as failed:
        run()
    assert TAIL_CHARACTERS == len(failed.value.message.partition("status 1: ")[2])


def test_a_module_that_takes_too_long_is_stopped(run: Run, install_python: InstallPython) -> None:
    install_python("exec sleep 30")

    with pytest.raises(ModelUnavailable, match=r"models\.probe took more than 0 seconds and was stopped"):
        run(timeout_s=0.05)


def test_the_end_of_a_stopped_module_is_known_before_its_caller_gets_the_error(
    runner: asyncio.Runner, install_python: InstallPython, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[asyncio.subprocess.Process] = []
    start = asyncio.create_subprocess_exec

    async def start_and_remember(*arguments: str, **options: Any) -> asyncio.subprocess.Process:
        started.append(await start(*arguments, **options))
        return started[-1]

    async def scene() -> int | None:
        with pytest.raises(ModelUnavailable):
            await run_module("models.probe", timeout_s=0.05)
        # Without its end, the pipes of a process stay open when the event loop closes.
        return started[0].returncode

    monkeypatch.setattr(asyncio, "create_subprocess_exec", start_and_remember)
    install_python("exec sleep 30")

    assert -signal.SIGKILL == runner.run(scene())


def test_the_children_of_a_module_are_killed_if_its_caller_is_cancelled(
    runner: asyncio.Runner, install_python: InstallPython, tmp_path: Path
) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    install_python(f"exec 3>{pipe}; (sleep 3; echo survived >&3) & echo begun >&3; wait")

    async def scene() -> str:
        running = asyncio.create_task(run_module("models.probe", timeout_s=60))
        with await asyncio.to_thread(pipe.open) as opened:
            begun = await asyncio.to_thread(opened.readline)
            # The loop needs some turns until it knows the process that it has started.
            for _ in range(50):
                await asyncio.sleep(0)
            running.cancel()
            await asyncio.wait([running])
            # The pipe ends when no process has its other end any more.
            return begun + await asyncio.to_thread(opened.read)

    assert "begun\n" == runner.run(scene())
