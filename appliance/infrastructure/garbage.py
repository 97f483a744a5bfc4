"""Memory of a process that runs for long: what stays is left out of garbage collections, what was freed goes back."""

import ctypes
import gc
from functools import cache


def leave_out_of_collections() -> None:
    """Collect garbage now, and leave all that remains out of later collections.

    Call it after loading much data that the process keeps. A collection stops every thread while it visits all objects;
    with a whole library in memory, that takes 80 ms. Objects that are left out are still freed when nothing refers to them.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()


def give_back_freed_memory() -> None:
    """Give memory that this process has freed back to the system.

    The C library keeps it for the next allocations: after some hundred searches at the same time that is 30 MB. Does nothing
    where the C library is not glibc.
    """
    if trim := _trim():
        trim(0)


@cache
def _trim() -> "ctypes._NamedFuncPointer | None":
    return getattr(ctypes.CDLL(None), "malloc_trim", None)
