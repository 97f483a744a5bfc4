"""A helper process of a measurement: it answers each line of input with one line of output."""

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from typing import IO, Any, TypeVar, cast

import msgspec

from appliance.errors import Unavailable

Answer = TypeVar("Answer")


class MeasurementFailed(Unavailable):
    """The measured program did not answer or did not start."""


class HelperProcess:
    """A running helper process."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def ask(self, request: Any, answer: type[Answer]) -> Answer:
        """Send a request as one line of JSON and wait for the answer line. Raises MeasurementFailed."""
        stdin, stdout = cast("IO[str]", self._process.stdin), cast("IO[str]", self._process.stdout)
        try:
            stdin.write(msgspec.json.encode(request).decode() + "\n")
            stdin.flush()
        except BrokenPipeError:
            line = ""
        else:
            line = stdout.readline()
        if not line:
            raise MeasurementFailed(
                "A process of the measurement stopped early.", remedy="See the error message above."
            )
        return msgspec.json.decode(line, type=answer)


@contextlib.contextmanager
def helper_process(module: str, *arguments: str) -> Iterator[HelperProcess]:
    """Run `python -m MODULE ARGUMENTS` as a child process. Kill it at the end of the context."""
    process = subprocess.Popen(  # noqa: S603 - this interpreter and our own module
        [sys.executable, "-P", "-m", module, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        yield HelperProcess(process)
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe:
                pipe.close()
