"""Messages from the process of a heavy job to its worker."""

import pytest

from appliance.errors import ApplianceError, Conflict, NotFound, Refused, TooManyRequests, Unavailable
from appliance.infrastructure.jobs.messages import (
    MARK,
    ClockRestarted,
    Done,
    Failed,
    Message,
    Report,
    error_of,
    failure_of,
    line_of,
    read_line,
)


class ModelAsleep(Unavailable):
    """An error class that the worker does not import."""


class DownloadBroken(ModelAsleep):
    """An error class that a job kind lists in `retried`."""


@pytest.mark.parametrize(
    "message",
    [
        Report(0.25, "writing Verse", now=True),
        ClockRestarted(0.5),
        Done("31,084 imported;\na second line, and 日本語"),
        Failed(["server.Refused"], "The file is empty.", "Choose another file."),
    ],
    ids=lambda message: type(message).__name__,
)
def test_a_message_is_one_line_and_is_decoded_unchanged(message: Message) -> None:
    line = line_of(message)

    assert [line] == line.splitlines()
    assert ("", message) == read_line(line)


def test_a_message_after_an_unfinished_log_line_is_read_and_the_log_line_is_kept() -> None:
    assert ("converting: 50 %", Done("done")) == read_line(f"converting: 50 %{line_of(Done('done'))}")


@pytest.mark.parametrize(
    "line",
    [
        '{"event": "job started", "level": "info"}',
        '{"type":"Done","message":"x"}',
        f"{MARK}no message",
        f"{MARK}{{}}",
        "",
    ],
)
def test_any_other_line_belongs_to_the_log(line: str) -> None:
    assert (line, None) == read_line(line)


@pytest.mark.parametrize("family", [NotFound, Refused, Conflict, Unavailable, ApplianceError])
def test_an_error_keeps_its_family_name_and_messages(family: type[ApplianceError]) -> None:
    own = type("TextFaulty", (family,), {})
    error = error_of(failure_of(own("The file is empty.", remedy="Choose another file.")), retried=())

    assert isinstance(error, family)
    assert ("TextFaulty", "The file is empty. Choose another file.") == (type(error).__name__, str(error))
    assert "Choose another file." == error.remedy


def test_an_error_with_extra_arguments_keeps_its_family() -> None:
    error = error_of(failure_of(TooManyRequests("Too many.", retry_after_s=5)), retried=())

    assert (True, "TooManyRequests") == (isinstance(error, Unavailable), type(error).__name__)


def test_an_error_gets_its_base_class_from_the_retried_classes_of_its_kind() -> None:
    failed = failure_of(DownloadBroken("The network is gone."))

    assert isinstance(error_of(failed, retried=(DownloadBroken,)), DownloadBroken)
    assert not isinstance(error_of(failed, retried=(DownloadBroken, Refused)), Refused)
    assert isinstance(error_of(failed, retried=(ModelAsleep,)), ModelAsleep)
    assert not isinstance(error_of(failed, retried=()), ModelAsleep)


def test_an_unexpected_error_keeps_its_name_and_has_its_traceback_as_a_note() -> None:
    try:
        {"psalm": 23}["verse"]
    except KeyError as fault:
        error = error_of(failure_of(fault), retried=(Unavailable,))

    assert "KeyError" == type(error).__name__
    assert not isinstance(error, ApplianceError)
    assert "test_messages.py" in error.__notes__[0]
