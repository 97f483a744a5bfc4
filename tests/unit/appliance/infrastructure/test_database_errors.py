"""Messages for the engine's errors."""

import os
from pathlib import Path

import apsw
import pytest

from appliance.errors import ApplianceError
from appliance.infrastructure.database_errors import (
    DatabaseBusy,
    DatabaseDamaged,
    DatabaseNotWritable,
    DiskFailed,
    DiskFull,
    NumberTooLarge,
    engine_errors,
    not_writable,
)


@pytest.mark.parametrize(
    ("raised", "expected"),
    [
        (OverflowError(), NumberTooLarge),
        (apsw.FullError(), DiskFull),
        (apsw.CorruptError(), DatabaseDamaged),
        (apsw.NotADBError(), DatabaseDamaged),
        (apsw.IOError(), DiskFailed),
        (apsw.BusyError(), DatabaseBusy),
        (apsw.ReadOnlyError(), DatabaseNotWritable),
        (apsw.CantOpenError(), DatabaseNotWritable),
    ],
)
def test_each_error_has_a_message_and_a_remedy(raised: Exception, expected: type[ApplianceError]) -> None:
    with pytest.raises(expected) as caught, engine_errors(Path("/somewhere/a.db")):
        raise raised

    assert caught.value.message.endswith(".")
    assert caught.value.remedy.endswith((".", "?"))


def test_other_errors_are_not_changed() -> None:
    with pytest.raises(apsw.ConstraintError), engine_errors():
        raise apsw.ConstraintError


def test_the_message_says_why_a_file_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.db"
    assert "does not exist" in not_writable(path).message
    path.touch()
    assert "`lampstand doctor`" in not_writable(path).remedy
    monkeypatch.setattr(os, "access", lambda _path, right: right == os.R_OK)
    assert f"run the command as {path.owner()}" in not_writable(path).remedy
    monkeypatch.setattr(os, "access", lambda _path, _right: False)
    assert "cannot be read" in not_writable(path).message
