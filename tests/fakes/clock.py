"""A clock that a test controls."""

from appliance.infrastructure.clock import Clock


class FakeClock(Clock):
    """A clock that changes only when a test sets it. `now` is the time of day, `passed` is the monotonic time in seconds."""

    def __init__(self, now: float = 1_800_000_000.0) -> None:
        self.now, self.passed = now, 0.0

    def time(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.passed

    def advance(self, seconds: float) -> None:
        """Advance both clocks."""
        self.now, self.passed = self.now + seconds, self.passed + seconds
