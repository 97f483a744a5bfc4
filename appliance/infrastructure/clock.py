"""The time of day, which users can set, and a monotonic time."""

import time


class Clock:
    """The clocks of this machine. Durations such as leases use `monotonic`, which setting the clock does not change."""

    def time(self) -> float:
        """Seconds since the epoch. It can jump forward and back."""
        return time.time()

    def monotonic(self) -> float:
        """Seconds since an arbitrary time in the past; for durations within one process."""
        return time.monotonic()


SYSTEM_CLOCK = Clock()
