"""The four kinds of error people see; each domain names its own beneath them.

`server/errors.py` maps each kind once: to an HTTP status and an exit code.
"""


class ApplianceError(Exception):
    """Something a person can understand and act upon.

    `message` says what happened; `remedy` says what to do next. Both are whole sentences.
    """

    title = "Something went wrong"

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}".strip()


class NotFound(ApplianceError):
    """What was asked for does not exist."""

    title = "Not found"


class Refused(ApplianceError):
    """The request itself is wrong and will be wrong again."""

    title = "Not accepted"


class Conflict(ApplianceError):
    """The request is right, but not in the state things are in."""

    title = "Conflict"


class Unavailable(ApplianceError):
    """Something needed is not there at the moment; the same request may work later."""

    title = "Not available now"


class TooManyRequests(Unavailable):
    """The caller has as much in progress as one caller may have; `retry_after_s` says when to try again."""

    title = "Too many requests"

    def __init__(self, message: str, *, remedy: str = "", retry_after_s: float) -> None:
        super().__init__(message, remedy=remedy)
        self.retry_after_s = retry_after_s
