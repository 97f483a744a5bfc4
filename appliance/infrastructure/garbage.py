"""Memory of long-running processes: excludes permanent objects from garbage collection, and returns freed memory."""

import ctypes
import gc
from functools import cache


def leave_out_of_collections() -> None:
    """Collect garbage now, and exclude all remaining objects from later collections.

    Call this after loading much data that the process keeps. A collection stops all threads while it visits all objects; with
    a whole library in memory, a collection takes 80 ms. Excluded objects are still freed when nothing refers to them.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()


def give_back_freed_memory() -> None:
    """Return memory that this process has freed to the operating system.

    The C library keeps freed memory for later allocations: 30 MB after some hundred searches at the same time. If the C
    library is not glibc, this function does nothing.
    library is not glibc.
    """
    if trim := _trim():
        trim(0)


@cache
def _trim() -> "ctypes._NamedFuncPointer | None":
    return getattr(ctypes.CDLL(None), "malloc_trim", None)
