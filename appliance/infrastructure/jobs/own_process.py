"""Heavy jobs in the worker. Each heavy job runs in its own child process, so its memory is freed when the job ends."""

import signal
import sys
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from appliance.infrastructure.jobs.context import JobContext
from appliance.infrastructure.jobs.job import JobProcessDied
from appliance.infrastructure.jobs.kind import JobKind, JobKinds, Parts
from appliance.infrastructure.jobs.messages import ClockRestarted, Done, Failed, Report, error_of, read_line
from appliance.infrastructure.processes import ProgramFailed

# This limit is much longer than any job takes.
MAX_JOB_S = 24 * 3600.0


def in_own_process(kinds: JobKinds[Parts], command: Sequence[str]) -> JobKinds[Parts]:
    """Return the same kinds, but run heavy jobs with `command`. This command reads the job from standard input.

    The worker stays the owner of the job. It records the reports of the child process, and ends this process if the job is
    cancelled.
    """
    return JobKinds(kind.with_function(_JobInOwnProcess(kind, command)) if kind.heavy else kind for kind in kinds)


class _JobInOwnProcess:
    """The function of a heavy kind: runs the command, passes on the reports, and returns or raises the result of the job."""

    def __init__(self, kind: JobKind[Any, Any], command: Sequence[str]) -> None:
        self._kind, self._command = kind, command

    def __call__(self, context: JobContext, _arguments: msgspec.Struct, _parts: object) -> str:
        results: list[Done | Failed] = []
        status = 0
        try:
            context.run_program(
                self._command,
                timeout_s=MAX_JOB_S,
                on_line=lambda line: _handle_line(line, context, results.append),
                standard_input=msgspec.json.encode(context.job).decode(),
            )
        except ProgramFailed as error:
            if error.status is None:
                raise
            status = error.status
        if not results:
            raise _process_died(status)
        if isinstance(results[-1], Failed):
            raise error_of(results[-1], self._kind.retried)
        return results[-1].message


def _handle_line(line: str, context: JobContext, on_result: Callable[[Done | Failed], None]) -> None:
    log_text, message = read_line(line)
    if log_text:
        sys.stderr.write(f"{log_text}\n")
    if isinstance(message, Report):
        context.report(message.progress, message.message, now=message.now)
    elif isinstance(message, ClockRestarted):
        context.restart_clock(message.progress)
    elif message is not None:
        on_result(message)


def _process_died(status: int) -> JobProcessDied:
    # If a signal ended a program after it cleaned up, its status is 128 plus the number of the signal.
    signal_number = -status if status < 0 else status - 128
    if signal_number == signal.SIGKILL:
        return JobProcessDied(
            f"The job's process was killed (signal {signal_number}).", remedy="The machine may be short of memory."
        )
    end = f"was ended (signal {signal_number})" if signal_number > 0 else f"ended with status {status} and no result"
    return JobProcessDied(f"The job's process {end}.", remedy="Look at the worker's log.")
