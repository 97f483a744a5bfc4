"""A bound on the time of Python code that comes from a model's file."""

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType

# Asked again so often where the first interruption was swallowed.
AGAIN_S = 1.0
# One step of native code cannot be interrupted: after so many times the limit of processor time the process ends.
LAST_FACTOR = 2


@contextlib.contextmanager
def time_limit(seconds: float, error: Exception) -> Iterator[None]:
    """Raise `error` in the block once it took so long; it has to run in the main thread, else there is no limit."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise error

    before = signal.signal(signal.SIGALRM, stop)
    ends_process = signal.signal(signal.SIGPROF, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, seconds, AGAIN_S)
    signal.setitimer(signal.ITIMER_PROF, LAST_FACTOR * seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGALRM, before)
        signal.signal(signal.SIGPROF, ends_process)
