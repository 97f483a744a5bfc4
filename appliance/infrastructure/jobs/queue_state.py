"""A queue as people see it: the jobs that wait and run, and its pause."""

import msgspec

from appliance.errors import NotFound, Refused


class Pause(msgspec.Struct, frozen=True, kw_only=True):
    """The pause of a queue. `until` is a time, or null until somebody resumes it."""

    queue: str
    paused_by: str
    reason: str
    paused_at: float
    until: float | None


class QueueState(msgspec.Struct, frozen=True, kw_only=True):
    """A queue, the jobs that wait and run in it, and its pause."""

    name: str
    waiting: int
    running: int
    pause: Pause | None


class QueueNotFound(NotFound):
    """There is no queue of this name."""


class PauseTooLong(Refused):
    """A pause is longer than anybody would remember why."""
