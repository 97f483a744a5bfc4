"""The resource limits of a child process. The child sets them before it loads anything."""

import contextlib
import ctypes
import resource
import signal
from pathlib import Path

# The exit status of a child that reached its memory limit.
OUT_OF_MEMORY = 77
# If the machine runs out of memory, this score makes the kernel kill the child process before the web server.
_OOM_SCORE = "500"
_PR_SET_PDEATHSIG = 1


def limit_this_process(memory: int) -> None:
    """Limit the memory of this process to `memory` bytes; 0 sets no limit. Also make this process die when the runtime dies.

    The limit applies to memory that the process writes, not to files that are mapped for reading. So the limit does not
    include mapped weights. The planner counts the mapped weights.
    """
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(_OOM_SCORE, encoding="ascii")
    if memory:
        resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
