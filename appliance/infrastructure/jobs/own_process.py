"""Heavy jobs in a process of their own, seen from the worker: it gets its memory back when the job ends."""

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

# Far above what any job takes.
LONGEST_S = 24 * 3600.0


def in_own_process(kinds: JobKinds[Parts], command: Sequence[str]) -> JobKinds[Parts]:
    """The same kinds, of which `command` does the heavy ones: it does the job that it reads from standard input.

    The worker stays the owner of the job. It records what the process reports, and ends it when the job is cancelled.
    """
    return JobKinds(kind.with_function(_JobInOwnProcess(kind, command)) if kind.heavy else kind for kind in kinds)


class _JobInOwnProcess:
    """The function of a heavy kind: runs the command, passes on what it reports, and ends as it says."""

    def __init__(self, kind: JobKind[Any, Any], command: Sequence[str]) -> None:
        self._kind, self._command = kind, command

    def __call__(self, context: JobContext, _arguments: msgspec.Struct, _parts: object) -> str:
        ends: list[Done | Failed] = []
        status = 0
        try:
            context.run_program(
                self._command,
                timeout_s=LONGEST_S,
                on_line=lambda line: _pass_on(line, context, ends.append),
                standard_input=msgspec.json.encode(context.job).decode(),
            )
        except ProgramFailed as error:
            if error.status is None:
                raise
            status = error.status
        if not ends:
            raise _died(status)
        if isinstance(ends[-1], Failed):
            raise error_of(ends[-1], self._kind.retried)
        return ends[-1].message


def _pass_on(line: str, context: JobContext, on_end: Callable[[Done | Failed], None]) -> None:
    text, message = read_line(line)
    if text:
        sys.stderr.write(f"{text}\n")
    if isinstance(message, Report):
        context.report(message.progress, message.message, now=message.now)
    elif isinstance(message, ClockRestarted):
        context.restart_clock(message.progress)
    elif message is not None:
        on_end(message)


def _died(status: int) -> JobProcessDied:
    # 128 and the number of the signal is the status of a program that tidied up before a signal ended it.
    number = -status if status < 0 else status - 128
    if number == signal.SIGKILL:
        return JobProcessDied(
            f"The process that did the work was ended (signal {number}).", remedy="Memory may have been short."
        )
    how = f"was ended (signal {number})" if number > 0 else f"ended with status {status} and without a result"
    return JobProcessDied(f"The process that did the work {how}.", remedy="The log of the worker may say why.")
