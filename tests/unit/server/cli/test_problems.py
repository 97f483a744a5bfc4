"""Errors of the operating system are printed as a sentence and set the exit code."""

import errno
import os

import pytest

from server import cli


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (
            PermissionError(errno.EACCES, "Permission denied", "/home/anna/library.db"),
            "This user cannot read or write /home/anna/library.db.",
        ),
        (
            PermissionError(errno.EPERM, "Operation not permitted"),
            "This user cannot read or write a file that Lampstand needs.",
        ),
    ],
    ids=["with a file", "without a file"],
)
def test_a_missing_permission_is_reported_in_a_sentence(
    error: PermissionError, sentence: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def raise_error(**_options: object) -> None:
        raise error

    monkeypatch.setattr(cli, "lampstand", raise_error)
    monkeypatch.setattr(os, "umask", lambda _mask: 0)
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    printed = capsys.readouterr().err

    assert 2 == stopped.value.code
    assert sentence in printed
    assert "None" not in printed
