"""A clock that the test moves."""

from appliance.infrastructure.clock import Clock


class FakeClock(Clock):
    """Stands until it is moved; `now` is the time of day, `passed` the seconds that really passed."""

    def __init__(self, now: float = 1_800_000_000.0) -> None:
        self.now, self.passed = now, 0.0

    def time(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.passed

    def advance(self, seconds: float) -> None:
        """Let time pass, as both clocks measure it."""
        self.now, self.passed = self.now + seconds, self.passed + seconds
