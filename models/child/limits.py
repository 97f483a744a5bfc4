"""The resource limits of a child process. The child sets them before it loads anything."""

import contextlib
import ctypes
import resource
import signal
from pathlib import Path

# The exit status of a child that reached its memory limit.
OUT_OF_MEMORY = 77
# If the machine runs out of memory, the kernel kills this process rather than the web server.
_OOM_SCORE = "500"
_PR_SET_PDEATHSIG = 1


def limit_this_process(memory: int) -> None:
    """Make this process die with the runtime, and limit its memory to `memory` bytes; 0 sets no limit.

    The limit applies to written memory, not to files that are mapped for reading. So it does not include mapped
    weights; the planner accounts for these.
    """
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(_OOM_SCORE, encoding="ascii")
    if memory:
        resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
