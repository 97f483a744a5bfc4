"""A process of our own that answers a line with a line."""

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from typing import IO, Any, TypeVar, cast

import msgspec

from appliance.errors import Unavailable

Answer = TypeVar("Answer")


class MeasurementFailed(Unavailable):
    """What was to be measured did not answer."""


class Companion:
    """The process, for as long as its context lasts."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def ask(self, request: Any, answer: type[Answer]) -> Answer:
        """Send a request as a line of JSON and wait for the line that answers it. Raises MeasurementFailed."""
        stdin, stdout = cast("IO[str]", self._process.stdin), cast("IO[str]", self._process.stdout)
        try:
            stdin.write(msgspec.json.encode(request).decode() + "\n")
            stdin.flush()
        except BrokenPipeError:
            line = ""
        else:
            line = stdout.readline()
        if not line:
            raise MeasurementFailed("A process of the measurement ended.", remedy="Its complaint stands above.")
        return msgspec.json.decode(line, type=answer)


@contextlib.contextmanager
def companion(module: str, *arguments: str) -> Iterator[Companion]:
    """Run `python -m MODULE ARGUMENTS` beside this process."""
    process = subprocess.Popen(  # noqa: S603 - this interpreter and our own module
        [sys.executable, "-P", "-m", module, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        yield Companion(process)
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe:
                pipe.close()
