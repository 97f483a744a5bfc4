"""The time of day, which people set, and a time that only goes forward."""

import time


class Clock:
    """The clocks of this machine. Leases and pauses are measured by `monotonic`: a clock that is set changes nothing."""

    def time(self) -> float:
        """Seconds since the epoch. It can jump either way."""
        return time.time()

    def monotonic(self) -> float:
        """Seconds since some moment in the past; for spans of time within one process."""
        return time.monotonic()


SYSTEM_CLOCK = Clock()
