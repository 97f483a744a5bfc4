"""`bench footprint` on a small library, with a real server and only a few starts and searches."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from appliance.infrastructure.paths import DataFolder
from appliance.scripture.importers.detect import open_sources
from appliance.scripture.jobs import GRAPH, INDEX
from appliance.scripture.operations import import_source
from models.client import Client
from server.benchmarks.footprint.measurement import Workload, measure_footprint
from server.bootstrap import Appliance, open_appliance

NAMES = [
    "idle_mb",
    "after_first_search_mb",
    "after_2000_searches_mb",
    "after_rebuild_mb",
    "first_search_ms",
    "first_search_cold_ms",
    "start_to_page_s",
    "cli_search_s",
    "cli_read_s",
    "cli_status_s",
    "chapter_p99_over_p50",
    "cli_search_alone_s",
]
LINES = (
    "{n} lamps were lit before the evening of day {n}.",
    "A shepherd counted {n} sheep beside the quiet water.",
    "Then {n} travellers shared their bread with strangers.",
    "The river carried {n} boats down to the harbour.",
)
VERSES = "".join(
    f'<verse osisID="Ps.119.{number}">{LINES[number % len(LINES)].format(n=number)}</verse>' for number in range(1, 61)
)
OSIS = f"""<osis xmlns="http://www.bibletechnologies.net/2003/OSIS/namespace"><osisText osisIDWork="Small" xml:lang="en">
<header><work osisWork="Small"><title>Small</title><refSystem>Bible.KJV</refSystem></work></header>
<div type="book" osisID="Ps"><chapter osisID="Ps.119">{VERSES}</chapter></div></osisText></osis>"""
PLACES = 'placeLookup,displayTitle,kjvName,esvName,aliases,latitude,longitude,dictText,verses\nharbour_1,Harbour,Harbour,Harbour,,31.5,35.75,A place.,"Ps.119.3"\n'
PLAN = Workload(starts=1, searches=40, clients=4, chapters=20, idle_s=0.0, before_search_s=0.0)


@pytest.fixture
def small(tmp_path: Path, sword_root: Path, runtime: Client, runtime_folder: DataFolder) -> Appliance:
    """A library of sixty verses with everything that the measurement needs."""
    runtime.embed(["ready"], model="all-MiniLM-L6-v2")
    folder = DataFolder(tmp_path / "home").create()
    shutil.copytree(runtime_folder.models, folder.models, dirs_exist_ok=True)
    files = tmp_path / "files"
    (files / "places").mkdir(parents=True)
    (files / "Small.xml").write_text(OSIS, encoding="utf-8")
    (files / "links.tsv").write_text("From Verse\tTo Verse\tVotes\nPs.119.1\tPs.119.5\t9\n", encoding="utf-8")
    (files / "places" / "places.csv").write_text(PLACES, encoding="utf-8")
    appliance = open_appliance(folder.home)
    for location in (files / "Small.xml", files / "links.tsv", files / "places"):
        with open_sources(str(location)) as sources:
            import_source(appliance.library, sources[0])
    with open_sources(str(sword_root), only=frozenset({"StrongsGreek"})) as sources:
        import_source(appliance.library, sources[0])
    for job in (appliance.dispatcher.create(INDEX), appliance.dispatcher.create(GRAPH)):
        appliance.dispatcher.run_in_process(job)
    return appliance


def test_all_figures_are_measured_and_everything_is_cleaned_up(small: Appliance) -> None:
    details: list[str] = []
    measurements = measure_footprint(small, lambda _line: None, details.append, PLAN)
    values = {row.name: row.value for row in measurements}
    copies = str(small.folder.home / "lampstand-bench-")
    small.close()

    assert NAMES == [row.name for row in measurements]
    assert min(values.values()) > 0
    assert values["after_first_search_mb"] > values["idle_mb"]
    assert all(row.bar is not None and row.holds is not None for row in measurements[:-1])
    memory = dict(line.split(": ", 1) for line in details if "_mb: " in line)
    assert NAMES[:4] == list(memory)
    assert all(name in memory["idle_mb"] for name in ("web server", "model runtime", "worker of the queue ocr"))
    assert [] == list(small.folder.home.glob("lampstand-bench-*"))
    assert [] == [
        process for process in psutil.process_iter(["cmdline"]) if copies in " ".join(process.info["cmdline"] or [])
    ]


def test_an_incomplete_library_is_rejected(
    lampstand: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    done = lampstand("bench", "footprint", "--json", home=tmp_path / "empty")

    assert 4 == done.returncode
    assert "cross references" in done.stderr
    assert "`lampstand index`" in done.stderr
