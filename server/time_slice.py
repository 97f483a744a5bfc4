"""A short time slice on a core for the threads of the server, so that they wait less for those of jobs and models."""

import ctypes
import os
import platform
import struct

# Linux lets a thread that has just got a core keep it for its time slice, 1.4 to 2.8 ms, and looks at it again with the next
# tick of the clock only, up to 4 ms later: however nice the thread is, one that answers a request waits. A thread whose own
# slice is shorter does not (PREEMPT_SHORT of the scheduler, since Linux 6.12, which clips slices to 0.1 ms and more).
TIME_SLICE_NS = 1_000_000

# Of the system call sched_setattr, for which glibc has a function from 2.41 on only.
_SYSTEM_CALL = {"x86_64": 314, "aarch64": 274}
# struct sched_attr of sched_setattr(2), as of its first version: size, policy, flags, niceness, priority; then the slice,
# where a policy of real time has its runtime; then its deadline and period.
_ATTRIBUTES = struct.Struct("=IIQiIQQQ")


def shorten_time_slice() -> None:
    """Give the calling thread, and all that it starts from now on, time slices of `TIME_SLICE_NS`.

    Call it before a program starts threads. Does nothing where somebody chose another policy than the usual one, and where
    the kernel, or what confines this process, has no such call or does not allow it. Older kernels ignore the slice.
    """
    number = _SYSTEM_CALL.get(platform.machine())
    if number is None or os.sched_getscheduler(0) != os.SCHED_OTHER:
        return
    niceness = os.getpriority(os.PRIO_PROCESS, 0)
    attributes = _ATTRIBUTES.pack(_ATTRIBUTES.size, os.SCHED_OTHER, 0, niceness, 0, TIME_SLICE_NS, 0, 0)
    # What it answers does not matter: without it, everything works as well, but waits a little more on a busy machine.
    ctypes.CDLL(None).syscall(number, 0, attributes, 0)
