"""A queue as users see it: its queued and running jobs, and its pause."""

import msgspec

from appliance.errors import NotFound, Refused


class Pause(msgspec.Struct, frozen=True, kw_only=True):
    """The pause of a queue. `until` is the end of the pause, or null if it lasts until someone resumes the queue."""

    queue: str
    paused_by: str
    reason: str
    paused_at: float
    until: float | None


class QueueState(msgspec.Struct, frozen=True, kw_only=True):
    """A queue, the numbers of its queued and running jobs, and its pause."""

    name: str
    waiting: int
    running: int
    pause: Pause | None


class QueueNotFound(NotFound):
    """There is no queue with this name."""


class PauseTooLong(Refused):
    """The requested pause is too long."""
