"""The one way the runtime runs a module of its own to its end: time limit, killed with its children, JSON out."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Mapping

import structlog

from models.errors import ModelUnavailable

TAIL_CHARACTERS = 300

_log = structlog.get_logger()


async def run_module(
    module: str, *arguments: str, timeout_s: float, environment: Mapping[str, str] | None = None
) -> bytes:
    """What `python -m MODULE ARGUMENTS` prints. Libraries that may crash, hang or stay in memory do it there.

    Raises ModelUnavailable with the last line of its complaints where it fails or takes longer than `timeout_s`.
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
        # A group, not a session: that would have a share of the cores of its own, however nice. uvloop knows no
        # `process_group`.
        preexec_fn=os.setpgrp,
        env={**os.environ, **(environment or {})},
    )
    try:
        async with asyncio.timeout(timeout_s):
            output, complaints = await process.communicate()
    except TimeoutError as error:
        raise ModelUnavailable(f"{module} took over {timeout_s:.0f} seconds and was ended.") from error
    finally:
        end_group(process)
    if process.returncode:
        last = (complaints.decode(errors="replace").strip().splitlines() or ["it says nothing"])[-1]
        _log.warning("program failed", module=module, status=process.returncode, complaint=last)
        raise ModelUnavailable(f"{module} ended with status {process.returncode}: {last[-TAIL_CHARACTERS:]}")
    return output


def end_group(process: asyncio.subprocess.Process) -> None:
    """Kill a process that leads a group, with its children, where it still runs."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
