"""Starting jobs from the command line."""

from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from fakes.job_kinds import Labelled, kind_of

from appliance.scripture.jobs import GRAPH, IMPORT, ImportArguments
from server.bootstrap import open_appliance
from server.cli import lampstand
from server.cli.jobs import read_arguments


def test_arguments_are_converted_to_the_types_of_their_kind() -> None:
    pairs = ["location=/texts", "only=WEB", "only=KJV"]

    assert ImportArguments(location="/texts", only=["WEB", "KJV"]) == read_arguments(IMPORT, pairs)
    assert Labelled(label="a=b") == read_arguments(kind_of("k"), ["label=a=b"])


@pytest.mark.parametrize("pairs", [["nowhere"], ["place=/texts"], []])
def test_invalid_arguments_are_rejected_with_a_message(pairs: list[str]) -> None:
    with pytest.raises(click.BadParameter, match="location"):
        read_arguments(IMPORT, pairs)


def test_a_kind_without_arguments_accepts_none() -> None:
    with pytest.raises(click.BadParameter, match="Its arguments are: none"):
        read_arguments(GRAPH, ["location=/texts"])


def test_a_started_job_is_queued_for_the_worker(tmp_path: Path) -> None:
    result = CliRunner().invoke(lampstand, ["--home", str(tmp_path), "jobs", "start", "graph"], catch_exceptions=False)
    appliance = open_appliance(tmp_path)

    assert (0, ["graph"]) == (result.exit_code, [job.kind for job in appliance.jobs.active()])
    assert "Job 1 queued: Build the graph." in result.output
    appliance.close()
