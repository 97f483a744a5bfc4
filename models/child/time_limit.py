"""A time limit for Python code that runs a template from a model's file."""

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType

# The seconds between further interruptions, in case the code caught the first interruption.
REPEAT_S = 1.0
# A step of native code cannot be interrupted. So after this many times the limit, in processor time, the process dies.
LAST_FACTOR = 2


@contextlib.contextmanager
def time_limit(seconds: float, error: Exception, *, repeat_s: float = REPEAT_S) -> Iterator[None]:
    """Raise `error` in the block after `seconds`, and again every `repeat_s` if the code catches it.

    This works in the main thread only; other threads have no limit.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise error

    previous_alarm = signal.signal(signal.SIGALRM, stop)
    previous_prof = signal.signal(signal.SIGPROF, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, seconds, repeat_s)
    signal.setitimer(signal.ITIMER_PROF, LAST_FACTOR * seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGALRM, previous_alarm)
        signal.signal(signal.SIGPROF, previous_prof)
