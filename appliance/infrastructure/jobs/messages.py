"""Messages from the process of a heavy job to its worker. Each message is one JSON line with a mark; log lines have no mark."""

import traceback
from collections.abc import Sequence

import msgspec

from appliance.errors import ApplianceError, Conflict, NotFound, Refused, Unavailable

# Each message begins with the ASCII character "start of text". JSON cannot contain it, and log lines do not use it.
MARK = "\x02"
FAMILIES: tuple[type[Exception], ...] = (NotFound, Refused, Conflict, Unavailable, ApplianceError)


class Report(msgspec.Struct, frozen=True, tag=True):
    """A progress report."""

    progress: float
    message: str
    now: bool


class ClockRestarted(msgspec.Struct, frozen=True, tag=True):
    """From now on, the remaining time is estimated from later progress only."""

    progress: float


class Done(msgspec.Struct, frozen=True, tag=True):
    """The job is done; `message` is its closing message."""

    message: str


class Failed(msgspec.Struct, frozen=True, tag=True):
    """An error ended the job. `classes` has the full names of the error's class and of all base classes, in MRO order.

    `details` is for the log. It is empty for an error that users can understand.
    """

    classes: list[str]
    message: str
    remedy: str = ""
    details: str = ""


Message = Report | ClockRestarted | Done | Failed


def line_of(message: Message) -> str:
    """Encode a message as one line."""
    return MARK + msgspec.json.encode(message).decode()


def read_line(line: str) -> tuple[str, Message | None]:
    """Split a line into the part for the log and the message. The message is None if the line has none.

    A message can follow an unfinished log line. Everything that is not a valid message belongs to the log.
    """
    log_text, mark, encoded = line.partition(MARK)
    if not mark:
        return line, None
    try:
        return log_text, msgspec.json.decode(encoded, type=Message)
    except msgspec.MsgspecError:
        return line, None


def failure_of(error: Exception) -> Failed:
    """Describe an error as a message."""
    classes = [_name(error_type) for error_type in type(error).__mro__]
    if isinstance(error, ApplianceError):
        return Failed(classes, error.message, error.remedy)
    return Failed(classes, str(error), details="".join(traceback.format_exception(error)))


def error_of(failed: Failed, retried: Sequence[type[Exception]]) -> Exception:
    """Build an error with the class name and messages of `failed`.

    Its base class is the matching class of `retried`, or otherwise the matching one of the four kinds of errors. The
    original class can be in a module that this process does not import.
    """
    bases = {_name(error_type): error_type for error_type in (*FAMILIES, *retried)}
    base = next((bases[name] for name in failed.classes if name in bases), Exception)
    error_class: type[Exception] = type(failed.classes[0].rpartition(".")[2], (base,), {})
    error = error_class(failed.message)
    if isinstance(error, ApplianceError):
        error.remedy = failed.remedy
    if failed.details:
        error.add_note(failed.details)
    return error


def _name(error_type: type) -> str:
    return f"{error_type.__module__}.{error_type.__qualname__}"
