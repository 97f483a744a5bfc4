"""What is declared of a kind of job, beside the function that does it."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from appliance.errors import Unavailable

if TYPE_CHECKING:
    from appliance.infrastructure.jobs.runner import JobContext

LIBRARY, OCR, MEDIA = "library", "ocr", "media"
QUEUES = (LIBRARY, OCR, MEDIA)


class JobKind(msgspec.Struct, frozen=True, kw_only=True):
    """How jobs of a kind are treated.

    `short` work takes seconds, and may use the slot that its queue keeps for such. An error of a class in `retried` is
    passing: the job waits and is tried again, `tries` times in all; any other error ends it. A higher `priority` goes
    before.
    """

    name: str
    queue: str = LIBRARY
    short: bool = False
    retried: tuple[type[Exception], ...] = (Unavailable,)
    tries: int = 8
    priority: int = 0


COMMAND = JobKind(name="command")
"""Another program that a person's own command runs and tells of; no worker can go on with it."""

JobFunction = Callable[["JobContext", Mapping[str, Any]], str]
"""Does the work from a context and the job's arguments, and returns the closing message. May be run again at any time."""

Work = Mapping[JobKind, JobFunction]
"""What a process can do: each kind with its function."""


def kind_named(work: Work, name: str) -> tuple[JobKind, JobFunction]:
    """Raises KeyError where this process cannot do it."""
    for kind, function in work.items():
        if kind.name == name:
            return kind, function
    raise KeyError(name)
