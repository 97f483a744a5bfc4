"""Runs commands inside the process of the test, on a real data folder, with a fake embedder and a fake writer."""

import logging
from functools import cached_property
from pathlib import Path

import click
import structlog
from click.testing import CliRunner, Result
from fakes.hashed_vectors import HashedVectors
from fakes.study import FakeWriter

from appliance.infrastructure.clock import SYSTEM_CLOCK, Clock
from server.bootstrap import Appliance
from server.cli.context import Home


class CommandHome(Home):
    """A data folder for the commands of one test. The first use opens the folder, and it stays open until `close`.

    If `writer` is None, there is no chat model.
    """

    def __init__(self, path: Path, *, writer: FakeWriter | None = None, clock: Clock = SYSTEM_CLOCK) -> None:
        super().__init__(path, None)
        self.writer = writer or FakeWriter(model=None)
        self._clock = clock

    @cached_property
    def appliance(self) -> Appliance:
        return Appliance(
            self.folder.create(), self.settings(), embedder=HashedVectors(), writer=self.writer, clock=self._clock
        )

    def open(self, **_overrides: object) -> Appliance:
        # Log only errors, as commands do. Loggers are not cached, so later tests can capture logs.
        structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
        return self.appliance

    def run(self, command: click.Command, *arguments: str, answer: str = "") -> Result:
        """Run a command with these arguments. `answer` is its standard input. Errors of Lampstand are raised."""
        return CliRunner().invoke(command, arguments, obj=self, input=answer, catch_exceptions=False)

    def close(self) -> None:
        if "appliance" in vars(self):
            self.appliance.close()
