"""What commands print."""

import pytest

from server.cli.context import console, print_problem

FINGERPRINT = "1B:CD:E7:AB:ID:ON"


def test_a_fingerprint_is_printed_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    console().print(f"Its fingerprint is {FINGERPRINT}.")
    print_problem(f"The fingerprint {FINGERPRINT} is another one.")

    printed = capsys.readouterr()
    assert FINGERPRINT in printed.out
    assert FINGERPRINT in printed.err
