"""`lampstand bench` on data folders that lack what a measurement needs."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from appliance.errors import ApplianceError
from server.cli.bench import bench
from server.cli.context import Home


def run(home: Path, *arguments: str) -> Result:
    return CliRunner().invoke(bench, arguments, obj=Home(home, None), catch_exceptions=False)


@pytest.mark.parametrize(
    ("name", "missing", "command"),
    [
        ("search", "has too few topics or verses", "./packaging/run.sh"),
        ("isolation", "has no translation", "`lampstand library import LOCATION`"),
        ("crowd", "The graph is not built yet", "`lampstand graph build`"),
        ("footprint", "needs a full library", "`lampstand index`"),
    ],
)
def test_an_empty_library_is_rejected_with_a_command_and_nothing_is_left_behind(
    tmp_path: Path, name: str, missing: str, command: str
) -> None:
    with pytest.raises(ApplianceError, match=missing) as error:
        run(tmp_path, name)

    assert command in error.value.remedy
    assert [] == list(tmp_path.glob("lampstand-bench-*"))


def test_an_unknown_abuse_is_refused_with_the_list_of_abuses(tmp_path: Path) -> None:
    result = run(tmp_path, "crowd", "--only", "rain")

    assert 2 == result.exit_code
    assert "'rain' is not one of" in result.output
    assert "'half_sent'" in result.output


def test_an_unknown_measurement_is_refused(tmp_path: Path) -> None:
    result = run(tmp_path, "weather")

    assert 2 == result.exit_code
    assert "No such command 'weather'" in result.output
