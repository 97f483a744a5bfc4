"""The four kinds of errors that users see. Each domain declares its own subclasses.

`server/errors.py` maps each kind to an HTTP status and an exit code, in one place.
"""


class ApplianceError(Exception):
    """An error that a user can understand and act on.

    `message` says what happened; `remedy` says what to do next. Both are full sentences.
    """

    title = "Something went wrong"

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}".strip()


class NotFound(ApplianceError):
    """The requested thing does not exist."""

    title = "Not found"


class Refused(ApplianceError):
    """The request is invalid; repeating it will not help."""

    title = "Invalid request"


class Conflict(ApplianceError):
    """The request is valid, but conflicts with the current state."""

    title = "Conflict"


class Unavailable(ApplianceError):
    """A resource is not available at the moment; the same request may work later."""

    title = "Temporarily unavailable"


class TooManyRequests(Unavailable):
    """The caller has reached its limit; `retry_after_s` says when to try again."""

    title = "Too many requests"

    def __init__(self, message: str, *, remedy: str = "", retry_after_s: float) -> None:
        super().__init__(message, remedy=remedy)
        self.retry_after_s = retry_after_s
