"""What a child may take of the machine, set by itself before it loads anything."""

import contextlib
import ctypes
import resource
import signal
from pathlib import Path

# The exit status of a child that was refused memory.
OUT_OF_MEMORY = 77
# If memory runs out all the same, the kernel ends this process rather than one that serves pages.
_OOM_SCORE = "500"
_PR_SET_PDEATHSIG = 1


def limit_this_process(memory: int) -> None:
    """Die with the runtime, and be refused more than `memory` bytes; 0 sets no limit.

    The limit counts what is written to, not files that are mapped to be read: a model's weights are the planner's
    business.
    """
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(_OOM_SCORE, encoding="ascii")
    if memory:
        resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
