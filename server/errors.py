"""The only place that maps kinds of errors to HTTP statuses and exit codes."""

from appliance.community.accounts.person import HttpsNeeded, NotAllowed, SignInNeeded, TooManyAttempts
from appliance.errors import ApplianceError, Conflict, NotFound, Refused, TooManyRequests, Unavailable
from models.errors import ModelError

FAULT, REFUSED, NOT_FOUND, CONFLICT, NOT_AVAILABLE, STOPPED, PIPE_CLOSED = 1, 2, 4, 5, 6, 130, 141

_STATUSES: dict[type[ApplianceError], int] = {
    HttpsNeeded: 403,
    SignInNeeded: 401,
    NotAllowed: 403,
    TooManyAttempts: 429,
    TooManyRequests: 429,
    NotFound: 404,
    Refused: 400,
    Conflict: 409,
    Unavailable: 503,
}
_EXIT_CODES: dict[type[ApplianceError], int] = {
    NotFound: NOT_FOUND,
    Refused: REFUSED,
    Conflict: CONFLICT,
    Unavailable: NOT_AVAILABLE,
}
# The model runtime reports the kind of an error by its HTTP status.
_EXIT_CODES_BY_STATUS = {400: REFUSED, 404: NOT_FOUND, 503: NOT_AVAILABLE}


def status_of(error: ApplianceError) -> int:
    """Return the HTTP status for the kind of an error, or 500 for a kind that has no status here."""
    return next((status for kind, status in _STATUSES.items() if isinstance(error, kind)), 500)


def exit_code_of(error: ApplianceError | ModelError) -> int:
    """The exit code of an error: 1 internal error, 2 refused, 4 not found, 5 conflict, 6 not available now."""
    if isinstance(error, ModelError):
        return _EXIT_CODES_BY_STATUS.get(error.status, FAULT)
    return next((code for kind, code in _EXIT_CODES.items() if isinstance(error, kind)), FAULT)
