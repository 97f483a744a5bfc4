"""Run a module of the runtime in a separate process, with a time limit, and return its output."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Mapping

import structlog

from models.errors import ModelUnavailable

TAIL_CHARACTERS = 300
# A process that hangs in a driver cannot be killed, so the wait for its end has a time limit.
END_TIMEOUT_S = 5.0

_log = structlog.get_logger()


async def run_module(
    module: str, *arguments: str, timeout_s: float, environment: Mapping[str, str] | None = None
) -> bytes:
    """Run `python -m MODULE ARGUMENTS` and return its output. Use this for libraries that may crash, hang or keep memory.

    Raises ModelUnavailable with the last line of standard error if the process fails. Also raises ModelUnavailable if
    the process takes longer than `timeout_s` seconds.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-P",
        "-m",
        module,
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        # The process gets its own process group, not its own session: the kernel gives each session its own share of
        # the cores, regardless of `nice`. The parameter `process_group` is not used, because uvloop does not support it.
        preexec_fn=os.setpgrp,
        env={**os.environ, **(environment or {})},
    )
    try:
        async with asyncio.timeout(timeout_s):
            output, errors = await process.communicate()
    except TimeoutError as error:
        raise ModelUnavailable(f"{module} took more than {timeout_s:.0f} seconds and was stopped.") from error
    finally:
        if process.returncode is None:
            await _end(process)
    if process.returncode:
        reason = (errors.decode(errors="replace").strip().splitlines() or ["no error message"])[-1]
        _log.warning("program failed", module=module, status=process.returncode, reason=reason)
        raise ModelUnavailable(f"{module} ended with status {process.returncode}: {reason[-TAIL_CHARACTERS:]}")
    return output


async def _end(process: asyncio.subprocess.Process) -> None:
    """Kill a process group, and wait until its leader has ended and its pipes are closed."""
    end_group(process)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(END_TIMEOUT_S):
            await process.communicate()


def end_group(process: asyncio.subprocess.Process) -> None:
    """Kill the process group of a process, if the process is still running."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
