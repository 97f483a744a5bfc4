"""A kind of job for a program that a user starts with a command. No worker can continue such a job."""

import re
import sys

import msgspec

from appliance.infrastructure.jobs.context import JobContext
from appliance.infrastructure.jobs.kind import JobKind

TIMEOUT_S = 3 * 3600.0
# Patterns of progress output: `[12/340] Building …` from a compiler, and the steps of pip.
_PROGRESS = re.compile(r"\[\s*(\d+)/(\d+)\]|\[\s*(\d+)%\]")
_STEP = re.compile(r"^\s*(?:Collecting|Downloading|Building|Installing|Successfully|\[)")


class TrackedCommand(msgspec.Struct, frozen=True, kw_only=True):
    """A command line, and the title that people see."""

    title: str
    command: list[str]


def run_command(context: JobContext, arguments: TrackedCommand, _parts: object) -> str:
    """Run a program, print its output live, and report the progress that the output shows."""
    context.report(0.0, "started", now=True)
    progress = 0.0

    def on_line(line: str) -> None:
        nonlocal progress
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()
        progress_match = _PROGRESS.search(line)
        if progress_match:
            done, total, percent = progress_match.groups()
            progress = int(percent) / 100 if percent else int(done) / max(int(total), 1)
        if progress_match or _STEP.match(line):
            context.report(min(progress, 1.0), line.strip()[:120])

    context.run_program(arguments.command, timeout_s=TIMEOUT_S, on_line=on_line)
    return "done"


COMMAND: JobKind[TrackedCommand, object] = JobKind(
    "command", run_command, title=lambda arguments: arguments.title, arguments=TrackedCommand
)
