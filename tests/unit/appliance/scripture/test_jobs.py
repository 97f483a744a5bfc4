"""The arguments and titles of library jobs."""

import os
from pathlib import Path

import pytest

from appliance.infrastructure.jobs.kind import NoArguments
from appliance.scripture.jobs import GRAPH, IMPORT, ImportArguments, LocationNotText


def prepared(location: str, *only: str) -> ImportArguments:
    return IMPORT.prepare(ImportArguments(location=location, only=list(only)))


def test_a_worker_in_another_folder_finds_the_imported_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/anna")

    assert str(tmp_path / "web.zip") == prepared("web.zip").location
    assert "/home/anna/web.zip" == prepared("~/web.zip").location
    assert "pythonbible:WEB" == prepared("pythonbible:WEB").location


def test_the_order_of_ids_does_not_make_another_job() -> None:
    assert prepared("/texts", "b", "a") == prepared("/texts", "a", "b")


def test_a_file_name_that_is_not_utf_8_is_refused() -> None:
    with pytest.raises(LocationNotText, match="UTF-8"):
        prepared(os.fsdecode(b"/texts/caf\xe9"))


def test_a_title_names_the_imported_items() -> None:
    titles = [
        IMPORT.title_of(prepared(*arguments))
        for arguments in (["/texts/web.zip"], ["/texts", "b", "a"], ["pythonbible:WEB"])
    ]

    assert ["Import web.zip", "Import a, b", "Import pythonbible:WEB"] == titles
    assert "Build the graph" == GRAPH.title_of(NoArguments())
