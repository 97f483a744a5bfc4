"""A failing command or a search without vectors stops the measurement."""

from pathlib import Path

import pytest

from appliance.scripture.translations.translation import Translation
from server.benchmarks.footprint import commands
from server.benchmarks.footprint.queries import Material, Query
from server.benchmarks.footprint.site import FootprintSite
from server.benchmarks.helper_process import MeasurementFailed

TRANSLATION = Translation(
    id="", name="", language="", versification="", licence="", attribution="", source="", digest="", verses=0
)


@pytest.fixture
def site(tmp_path: Path) -> FootprintSite:
    return FootprintSite(
        home=tmp_path, environment={"PATH": "/bin"}, token="", translation=TRANSLATION, material=Material([], [], [])
    )


def program(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Use a shell script instead of the command."""
    file = folder / "program"
    file.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    file.chmod(0o700)
    monkeypatch.setattr(commands, "LAMPSTAND", str(file))


def test_a_command_gets_the_folder_and_its_arguments(
    site: FootprintSite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path, monkeypatch, f'echo "$@" > {tmp_path}/output')

    assert commands.seconds_of(site, "read", "Psalm 1") > 0
    assert f"--home {tmp_path} read Psalm 1\n" == (tmp_path / "output").read_text(encoding="utf-8")


def test_a_failing_command_is_reported_with_its_error_message(
    site: FootprintSite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path, monkeypatch, "echo 'No such passage.' >&2; exit 4")

    with pytest.raises(MeasurementFailed, match=r"`lampstand read` failed. No such passage."):
        commands.seconds_of(site, "read", "Psalm 151")


@pytest.mark.parametrize(("printed", "complete"), [('{"notice":null}', True), ('{"notice":"By words only."}', False)])
def test_a_search_by_words_only_is_rejected(
    site: FootprintSite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, printed: str, complete: bool
) -> None:
    program(tmp_path, monkeypatch, f"echo '{printed}'")

    if complete:
        commands.check_search(site, Query("light"))
    else:
        with pytest.raises(MeasurementFailed, match="By words only"):
            commands.check_search(site, Query("light"))


def test_searches_without_a_server_are_timed_one_by_one(
    site: FootprintSite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path, monkeypatch, "exit 0")

    assert 2 == len(commands.seconds_alone(site, [Query("light"), Query("oil")]))
