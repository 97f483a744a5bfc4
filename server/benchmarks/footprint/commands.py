"""How long commands take, from their start as a process to their end."""

import subprocess
import time
from collections.abc import Iterable, Sequence

import msgspec

from appliance.infrastructure.paths import DataFolder
from server.benchmarks.companion import MeasurementFailed
from server.benchmarks.footprint.appliance_process import LAMPSTAND
from server.benchmarks.footprint.queries import Query
from server.benchmarks.footprint.site import FootprintSite
from server.left_over import end_left_over

COMMAND_S = 120.0
PASSAGE = "Psalm 119:1-8"


class _PrintedNotice(msgspec.Struct):
    """What a search prints as JSON, as far as it matters here."""

    notice: str | None


def seconds_of(site: FootprintSite, *arguments: str) -> float:
    """Run a command on the copy. Raises MeasurementFailed where it fails."""
    began = time.perf_counter()
    _run(site, arguments)
    return time.perf_counter() - began


def check_search(site: FootprintSite, query: Query) -> None:
    """Search once and read everything from the disk. Raises MeasurementFailed where meaning was not searched."""
    printed = _run(site, ("search", query.q, "--json"))
    notice = msgspec.json.decode(printed, type=_PrintedNotice).notice
    if notice:
        raise MeasurementFailed(f"A search on the command line was not complete: {notice}", remedy="Try again.")


def seconds_alone(site: FootprintSite, queries: Iterable[Query]) -> list[float]:
    """Seconds of searches while nothing runs on the folder; each starts the model runtime, which is ended afterwards."""
    took = []
    for query in queries:
        try:
            took.append(seconds_of(site, "search", query.q))
        finally:
            end_left_over(DataFolder(site.home))
    return took


def _run(site: FootprintSite, arguments: Sequence[str]) -> bytes:
    command = [LAMPSTAND, "--home", str(site.home), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, timeout=COMMAND_S, check=True, env=site.environment)  # noqa: S603 - our own command
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode(errors="replace").strip()
        raise MeasurementFailed(f"`lampstand {arguments[0]}` failed. {said}", remedy="Try it by hand.") from error
    except subprocess.TimeoutExpired as error:
        raise MeasurementFailed(
            f"`lampstand {arguments[0]}` took longer than {COMMAND_S:.0f} seconds.", remedy="Is the machine busy?"
        ) from error
    return done.stdout
