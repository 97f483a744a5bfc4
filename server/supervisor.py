"""The process manager of `lampstand up`: the package supervisor with a few changes.

The process of `up` runs this module, so the module imports little. It starts the web server first. The other programs start
after the first page is served, so that they do not slow down the start.
"""

import contextlib
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from supervisor.medusa.asyncore_25 import ExitNow
from supervisor.options import ServerOptions
from supervisor.states import SupervisorStates
from supervisor.supervisord import Supervisor

from appliance.infrastructure.paths import DataFolder
from server.start_report import ENDING_SIGNALS

_CHUNK = 4096


class Waker:
    """A pipe that wakes supervisor's loop, at the start and at a signal. Without this pipe, the loop waits for a second."""

    def __init__(self) -> None:
        self.fileno, self._sender = os.pipe()
        for end in (self.fileno, self._sender):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(self._sender, warn_on_full_buffer=False)
        self.wake()

    def wake(self) -> None:
        with contextlib.suppress(BlockingIOError):
            os.write(self._sender, b"\0")

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return False

    def handle_read_event(self) -> None:
        os.read(self.fileno, _CHUNK)

    def handle_error(self) -> None:
        raise  # noqa: PLE0704 - supervisor calls it in an exception handler


class SystemOptions(ServerOptions):  # type: ignore[misc] # supervisor is untyped
    """Supervisor's access to the system. `reporter` is the process that waits for the first page."""

    def __init__(self, reporter: int) -> None:
        super().__init__()
        self._reporter = reporter
        self.first, self.test = True, False
        self.report_status: int | None = None

    def setsignals(self) -> None:
        super().setsignals()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING_SIGNALS)

    def fork(self) -> int:
        """Fork. The child gets default signal handlers before a signal can arrive: supervisor's handlers would lose the signal."""
        signal.pthread_sigmask(signal.SIG_BLOCK, ENDING_SIGNALS)
        pid: int = super().fork()
        if not pid:
            for number in ENDING_SIGNALS:
                signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING_SIGNALS)
        return pid

    def waitpid(self) -> tuple[int | None, int | None]:
        pid, status = super().waitpid()
        if pid == self._reporter:
            self.report_status = os.waitstatus_to_exitcode(status)
            return self.waitpid()
        return pid, status

    def end_reporter(self) -> None:
        """Stop the reporter if it still waits for a page."""
        if self.report_status is None:
            os.kill(self._reporter, signal.SIGKILL)
            os.waitpid(self._reporter, 0)


class ProgramSupervisor(Supervisor):  # type: ignore[misc] # supervisor is untyped
    """Starts the other programs after the start report, and stops programs of the same priority at the same time."""

    def __init__(self, options: SystemOptions) -> None:
        super().__init__(options)
        self._waker = Waker()
        self._has_report = False
        self.stop_groups: list[Any] = []

    def get_process_map(self) -> Mapping[int, Any]:
        return {**super().get_process_map(), self._waker.fileno: self._waker}

    def reap(self, once: bool = False, recursionguard: int = 0) -> None:  # noqa: FBT001, FBT002 - supervisor's parameters
        super().reap(once, recursionguard)
        status = self.options.report_status
        if status is None or self._has_report:
            return
        self._has_report = True
        if status > 0:
            self.options.mood = SupervisorStates.SHUTDOWN
            return
        # Start the other programs even if the reporter was killed: the web server may still work.
        for group in self.process_groups.values():
            for process in group.processes.values():
                process.config.autostart = True
        self._waker.wake()

    def ordered_stop_groups_phase_1(self) -> None:
        for group in self.stop_groups:
            if group.config.priority == self.stop_groups[-1].config.priority:
                group.stop_all()

    def ordered_stop_groups_phase_2(self) -> None:
        self.stop_groups = [group for group in self.stop_groups or () if group.get_unstopped_processes()]


def run(folder: DataFolder, reporter: int) -> int:
    """Run the programs of a folder until this process gets a stop signal. Returns the exit status.

    `reporter` is a child of this process. If it exits with a status above 0, all programs stop, and this function returns
    the same status.
    """
    options = SystemOptions(reporter)
    try:
        options.realize(["-c", str(folder.supervisor_configuration)], doc=__doc__)
        ProgramSupervisor(options).main()
    except ExitNow:
        options.close_logger()
    finally:
        options.end_reporter()
        _end_left_over(folder)
    return max(options.report_status or 0, 0)


def _end_left_over(folder: DataFolder) -> None:
    """Stop a model runtime that a command started on demand."""
    from server.left_over import end_left_over

    end_left_over(folder)


def main() -> None:
    """Run the supervisor. Its arguments are the data folder, and the PID of the process that reports the start."""
    home, reporter = sys.argv[1:]
    sys.exit(run(DataFolder(Path(home)), int(reporter)))


if __name__ == "__main__":
    main()
