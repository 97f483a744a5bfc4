"""A short time slice on a core for the threads of the server, so that they wait less for those of jobs and models."""

import ctypes
import os
import platform
import struct

# Linux lets a thread that has just got a core keep it for a time slice of 1.4 to 2.8 ms, and looks again only at the next tick
# of the clock, up to 4 ms later. A thread that answers a request waits for that long, however nice the other one is. It waits
# less if its own slice is shorter (PREEMPT_SHORT of the scheduler, since Linux 6.12).
TIME_SLICE_NS = 1_000_000

# The number of the system call sched_setattr, by processor; glibc has a function for it only since 2.41.
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
    # An error does not matter: without short slices, requests only wait a little longer on a busy machine.
    ctypes.CDLL(None).syscall(number, 0, attributes, 0)
