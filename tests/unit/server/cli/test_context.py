"""What commands print."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from rich.console import Console
from rich.table import Table

import models.cli.context
from appliance.scripture.jobs import IMPORT, ImportArguments
from server.bootstrap import open_appliance
from server.cli import lampstand
from server.cli.context import console, print_problem, saying_after

ODD = ["1B:CD:E7:AB:ID:ON", "pip install 'lampstand[chat]'", "model[bold].gguf", "closed [/b] unopened", "[link=x]"]


@pytest.mark.parametrize("text", ODD)
@pytest.mark.parametrize("made", [console, models.cli.context.console])
def test_what_is_printed_is_printed_as_it_is(
    capsys: pytest.CaptureFixture[str], made: Callable[[], Console], text: str
) -> None:
    made().print(text)
    table = Table(text)
    table.add_row(f"cell {text}")
    made().print(table)

    printed = capsys.readouterr().out
    assert 3 == printed.count(text)
    assert f"cell {text}" in printed


@pytest.mark.parametrize("text", ODD)
def test_a_problem_is_printed_as_it_is(capsys: pytest.CaptureFixture[str], text: str) -> None:
    print_problem(f"{text} is not here.", f"Bring {text}.")

    assert f" {text} is not here. Bring {text}.\n" in capsys.readouterr().err


def test_the_name_of_an_import_cannot_break_the_list_of_jobs(tmp_path: Path) -> None:
    appliance = open_appliance(tmp_path / "home")
    appliance.dispatcher.create(IMPORT, ImportArguments(location="somewhere", only=["closed [/b] unopened"]))
    appliance.close()

    ran = CliRunner().invoke(lampstand, ["--home", str(tmp_path / "home"), "jobs", "list"])

    assert 0 == ran.exit_code, ran.output
    assert "closed [/b] unopened" in ran.output


def test_what_is_waited_for_is_said_after_a_while_and_not_before(capsys: pytest.CaptureFixture[str]) -> None:
    with saying_after(60.0, "Loading."):
        pass
    assert not capsys.readouterr().err

    printed, deadline = "", time.monotonic() + 10
    with saying_after(0.0, "Loading."):
        while not printed and time.monotonic() < deadline:
            printed = capsys.readouterr().err
    assert "Loading.\n" == printed
