"""The time of commands, from the start of the process to its end."""

import subprocess
import time
from collections.abc import Iterable, Sequence

import msgspec

from appliance.infrastructure.paths import DataFolder
from server.benchmarks.footprint.appliance_process import LAMPSTAND
from server.benchmarks.footprint.queries import Query
from server.benchmarks.footprint.site import FootprintSite
from server.benchmarks.helper_process import MeasurementFailed
from server.left_over import end_left_over

COMMAND_S = 120.0
PASSAGE = "Psalm 119:1-8"


class _PrintedNotice(msgspec.Struct):
    """The JSON output of a search: only the field that is needed here."""

    notice: str | None


def seconds_of(site: FootprintSite, *arguments: str) -> float:
    """Run a command on the copied data folder. Return how many seconds it took. Raises MeasurementFailed if it fails."""
    start = time.perf_counter()
    _run(site, arguments)
    return time.perf_counter() - start


def check_search(site: FootprintSite, query: Query) -> None:
    """Search once, so that all files are read from the disk. Raises MeasurementFailed if search by meaning did not work."""
    printed = _run(site, ("search", query.q, "--json"))
    notice = msgspec.json.decode(printed, type=_PrintedNotice).notice
    if notice:
        raise MeasurementFailed(
            f"A search on the command line did not use search by meaning: {notice}", remedy="Try again."
        )


def seconds_alone(site: FootprintSite, queries: Iterable[Query]) -> list[float]:
    """Return the seconds of searches without a server. Each search starts the model runtime, which is then stopped."""
    seconds = []
    for query in queries:
        try:
            seconds.append(seconds_of(site, "search", query.q))
        finally:
            end_left_over(DataFolder(site.home))
    return seconds


def _run(site: FootprintSite, arguments: Sequence[str]) -> bytes:
    command = [LAMPSTAND, "--home", str(site.home), *arguments]
    try:
        result = subprocess.run(command, capture_output=True, timeout=COMMAND_S, check=True, env=site.environment)  # noqa: S603 - our own command
    except subprocess.CalledProcessError as error:
        error_text = error.stderr.decode(errors="replace").strip()
        raise MeasurementFailed(
            f"`lampstand {arguments[0]}` failed. {error_text}", remedy="Run the command by hand."
        ) from error
    except subprocess.TimeoutExpired as error:
        raise MeasurementFailed(
            f"`lampstand {arguments[0]}` took longer than {COMMAND_S:.0f} seconds.",
            remedy="Check whether the machine is busy.",
        ) from error
    return result.stdout
