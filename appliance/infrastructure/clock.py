"""The time of day, which users can set, and a monotonic time."""

import time


class Clock:
    """The clocks of this machine. Durations such as leases use `monotonic`: it does not change when someone sets the clock."""

    def time(self) -> float:
        """Return the seconds since the epoch. This time can jump forward and back."""
        return time.time()

    def monotonic(self) -> float:
        """Return the seconds since an arbitrary time in the past. Use it only for durations within one process."""
        return time.monotonic()


SYSTEM_CLOCK = Clock()
