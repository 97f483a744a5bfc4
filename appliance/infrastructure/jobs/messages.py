"""What the process of a heavy job tells its worker: one JSON line per message, told apart from the lines of a log."""

import traceback
from collections.abc import Sequence

import msgspec

from appliance.errors import ApplianceError, Conflict, NotFound, Refused, Unavailable

# ASCII's start of text begins a message. JSON does not hold it, and lines of a log have no use for it.
MARK = "\x02"
FAMILIES: tuple[type[Exception], ...] = (NotFound, Refused, Conflict, Unavailable, ApplianceError)


class Report(msgspec.Struct, frozen=True, tag=True):
    """How far the job is."""

    progress: float
    message: str
    now: bool


class ClockRestarted(msgspec.Struct, frozen=True, tag=True):
    """The time left is estimated from here on."""

    progress: float


class Done(msgspec.Struct, frozen=True, tag=True):
    """The job is done; `message` is its closing sentence."""

    message: str


class Failed(msgspec.Struct, frozen=True, tag=True):
    """An error ended the work: the full names of its class and of all classes above, the nearest first.

    `details` is for the log, and empty for an error that people can understand.
    """

    classes: list[str]
    message: str
    remedy: str = ""
    details: str = ""


Message = Report | ClockRestarted | Done | Failed


def line_of(message: Message) -> str:
    """The line that carries a message."""
    return MARK + msgspec.json.encode(message).decode()


def read_line(line: str) -> tuple[str, Message | None]:
    """What of a line belongs into the log, and the message that it carries.

    A message may follow on a line of the log that was not ended. What cannot be read as a message belongs into the log.
    """
    text, mark, encoded = line.partition(MARK)
    if not mark:
        return line, None
    try:
        return text, msgspec.json.decode(encoded, type=Message)
    except msgspec.MsgspecError:
        return line, None


def failure_of(error: Exception) -> Failed:
    """What is told of an error."""
    classes = [_name(each) for each in type(error).__mro__]
    if isinstance(error, ApplianceError):
        return Failed(classes, error.message, error.remedy)
    return Failed(classes, str(error), details="".join(traceback.format_exception(error)))


def error_of(failed: Failed, retried: Sequence[type[Exception]]) -> Exception:
    """An error of the same class name and sentences, which belongs to the same family, or to the same class of `retried`.

    Its own class may be in a module that this process has no use for.
    """
    known = {_name(each): each for each in (*FAMILIES, *retried)}
    family = next((known[name] for name in failed.classes if name in known), Exception)
    named: type[Exception] = type(failed.classes[0].rpartition(".")[2], (family,), {})
    error = named(failed.message)
    if isinstance(error, ApplianceError):
        error.remedy = failed.remedy
    if failed.details:
        error.add_note(failed.details)
    return error


def _name(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"
