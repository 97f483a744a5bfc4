"""What the garbage collector looks at."""

import gc


def leave_out_of_collections() -> None:
    """Collect garbage now, and leave all that remains out of later collections.

    For a process that has read much that it keeps. A collection stops every thread while it walks all objects: for those of
    a whole library that takes 80 ms. Objects that are left out are still freed when nothing refers to them.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()
