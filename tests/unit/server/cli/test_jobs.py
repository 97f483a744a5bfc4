"""Jobs are started from the command line."""

from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from fakes.job_kinds import Labelled, kind_of

from appliance.scripture.jobs import GRAPH, IMPORT, ImportArguments
from server.bootstrap import open_appliance
from server.cli import lampstand
from server.cli.jobs import read_arguments


def test_arguments_are_read_and_checked_by_their_kind() -> None:
    given = ["location=/texts", "only=WEB", "only=KJV"]

    assert ImportArguments(location="/texts", only=["WEB", "KJV"]) == read_arguments(IMPORT, given)
    assert Labelled(label="a=b") == read_arguments(kind_of("k"), ["label=a=b"])


@pytest.mark.parametrize("given", [["nowhere"], ["place=/texts"], []])
def test_arguments_that_do_not_fit_are_refused_with_a_sentence(given: list[str]) -> None:
    with pytest.raises(click.BadParameter, match="location"):
        read_arguments(IMPORT, given)


def test_a_kind_without_arguments_takes_none() -> None:
    with pytest.raises(click.BadParameter, match="Its arguments are: none"):
        read_arguments(GRAPH, ["location=/texts"])


def test_a_job_is_left_to_the_worker(tmp_path: Path) -> None:
    ran = CliRunner().invoke(lampstand, ["--home", str(tmp_path), "jobs", "start", "graph"], catch_exceptions=False)
    appliance = open_appliance(tmp_path)

    assert (0, ["graph"]) == (ran.exit_code, [job.kind for job in appliance.jobs.active()])
    assert "Job 1 (Build the graph) waits" in ran.output
    appliance.close()
