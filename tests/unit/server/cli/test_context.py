"""The output of commands."""

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
from server.cli.context import console, notice_after, print_problem

SPECIAL_TEXTS = [
    "1B:CD:E7:AB:ID:ON",
    "pip install 'lampstand[chat]'",
    "model[bold].gguf",
    "closed [/b] unopened",
    "[link=x]",
]


@pytest.mark.parametrize("text", SPECIAL_TEXTS)
@pytest.mark.parametrize("make_console", [console, models.cli.context.console])
def test_text_and_tables_are_printed_unchanged(
    capsys: pytest.CaptureFixture[str], make_console: Callable[[], Console], text: str
) -> None:
    make_console().print(text)
    table = Table(text)
    table.add_row(f"cell {text}")
    make_console().print(table)

    printed = capsys.readouterr().out
    assert 3 == printed.count(text)
    assert f"cell {text}" in printed


@pytest.mark.parametrize("text", SPECIAL_TEXTS)
def test_a_problem_is_printed_unchanged(capsys: pytest.CaptureFixture[str], text: str) -> None:
    print_problem(f"{text} is missing.", f"Install {text}.")

    assert f" {text} is missing. Install {text}.\n" in capsys.readouterr().err


def test_brackets_in_the_name_of_an_import_do_not_break_the_list_of_jobs(tmp_path: Path) -> None:
    appliance = open_appliance(tmp_path / "home")
    appliance.dispatcher.create(IMPORT, ImportArguments(location="somewhere", only=["closed [/b] unopened"]))
    appliance.close()

    result = CliRunner().invoke(lampstand, ["--home", str(tmp_path / "home"), "jobs", "list"])

    assert 0 == result.exit_code, result.output
    assert "closed [/b] unopened" in result.output


def test_a_notice_is_printed_only_after_its_delay(capsys: pytest.CaptureFixture[str]) -> None:
    with notice_after(60.0, "Loading."):
        pass
    assert not capsys.readouterr().err

    printed, deadline = "", time.monotonic() + 10
    with notice_after(0.0, "Loading."):
        while not printed and time.monotonic() < deadline:
            printed = capsys.readouterr().err
    assert "Loading.\n" == printed
