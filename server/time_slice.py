"""A short time slice for the threads of the server, so that they wait less for the threads of jobs and models."""

import ctypes
import os
import platform
import struct

# On Linux, a thread keeps a core for a time slice of 1.4 to 2.8 ms. The scheduler notices the end of a slice only at the next
# clock tick, up to 4 ms later. A thread that answers a request waits that long, even if the other thread has a higher niceness.
# The waiting thread waits less if its own slice is shorter (PREEMPT_SHORT of the scheduler, since Linux 6.12).
TIME_SLICE_NS = 1_000_000

# The number of the system call sched_setattr, by processor. glibc has a function for it only since 2.41.
_SYSTEM_CALL = {"x86_64": 314, "aarch64": 274}
# struct sched_attr of sched_setattr(2), first version: size, policy, flags, niceness, priority, slice, deadline, period. For
# real-time policies, the slice is the runtime.
_ATTRIBUTES = struct.Struct("=IIQiIQQQ")


def shorten_time_slice() -> None:
    """Give the calling thread, and all threads that it starts later, time slices of `TIME_SLICE_NS`.

    Call this function before the program starts threads. It does nothing if the scheduling policy is not the default, if the
    kernel does not support the system call, or if a sandbox does not allow the call. Older kernels ignore the slice.
    """
    number = _SYSTEM_CALL.get(platform.machine())
    if number is None or os.sched_getscheduler(0) != os.SCHED_OTHER:
        return
    niceness = os.getpriority(os.PRIO_PROCESS, 0)
    attributes = _ATTRIBUTES.pack(_ATTRIBUTES.size, os.SCHED_OTHER, 0, niceness, 0, TIME_SLICE_NS, 0, 0)
    # Errors are ignored: without short slices, requests only wait a little longer on a busy machine.
    ctypes.CDLL(None).syscall(number, 0, attributes, 0)
