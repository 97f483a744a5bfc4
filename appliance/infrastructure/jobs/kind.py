"""What is declared of a kind of job, beside the function that does it."""

import msgspec

from appliance.errors import Unavailable

LIBRARY, OCR, MEDIA = "library", "ocr", "media"
QUEUES = (LIBRARY, OCR, MEDIA)


class JobKind(msgspec.Struct, frozen=True, kw_only=True):
    """How jobs of a kind are treated.

    `short` work takes seconds, and may use the slot that its queue keeps for such. `heavy` work needs much memory: a worker
    does it in a process of its own, which ends with the job. An error of a class in `retried` is passing: the job waits and
    is tried again, `tries` times in all; any other error ends it. A higher `priority` goes before.
    """

    name: str
    queue: str = LIBRARY
    short: bool = False
    heavy: bool = False
    retried: tuple[type[Exception], ...] = (Unavailable,)
    tries: int = 8
    priority: int = 0


COMMAND = JobKind(name="command")
"""Another program that a person's own command runs and tells of; no worker can go on with it."""
