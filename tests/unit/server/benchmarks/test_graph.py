"""The verses that the measurement of the graph uses, and its figures."""

from pathlib import Path

import pytest
from fakes.library_items import put_item
from fakes.osis_texts import import_osis

from appliance.scripture.links.kinds import CROSS_REFERENCES
from appliance.scripture.links.link import CrossReference
from server.benchmarks.graph import NothingLinked, figures, measure_graph, sample_of
from server.bootstrap import Appliance

GENESIS_1 = 1_001_000


def left_over(appliance: Appliance) -> list[str]:
    """The names of temporary folders in the data folder."""
    return [path.name for path in appliance.folder.home.glob("lampstand-bench-*")]


def test_every_run_measures_the_same_verses() -> None:
    linked = list(range(1, 1_000))

    assert 200 == len(sample_of(linked))
    assert sample_of(linked) == sample_of(linked)
    assert set(sample_of(linked)) <= set(linked)


def test_a_verse_is_measured_several_times_if_there_are_few() -> None:
    assert [7] * 200 == sample_of([7])


def test_a_library_without_cross_references_is_rejected(appliance: Appliance, tmp_path: Path) -> None:
    import_osis(appliance.library, tmp_path, "WEB", {"Gen.1.1": "A lamp shone."})

    with pytest.raises(NothingLinked, match="has no cross references") as error:
        measure_graph(appliance, lambda _line: None)
    assert "lampstand library import" in error.value.remedy
    assert ([], False) == (left_over(appliance), appliance.folder.graph.exists())


def test_a_linked_library_is_measured_and_its_own_graph_is_not_changed(appliance: Appliance, tmp_path: Path) -> None:
    import_osis(appliance.library, tmp_path, "WEB", {f"Gen.1.{verse}": f"Lamp {verse} shone." for verse in (1, 2, 3)})
    links = [CrossReference(GENESIS_1 + 1, GENESIS_1 + 2, GENESIS_1 + 2, 40)]
    put_item(appliance.library, CROSS_REFERENCES, "Links", links)
    measurements = {row.name: row for row in measure_graph(appliance, lambda _line: None, verses=2)}

    assert {"build_s", "nodes_and_relations", "two_hop_p50_ms", "two_hop_p95_ms"} == measurements.keys()
    # At least three verses, their chapter and one reference.
    assert measurements["nodes_and_relations"].value >= 5
    assert ([], False) == (left_over(appliance), appliance.folder.graph.exists())


def test_the_median_of_whole_queries_is_compared_with_that_of_the_database() -> None:
    rows = figures(4.5, 431_102, [float(number) for number in range(1, 101)], [2.0, 1.0, 3.0004])
    build, count, median, slow = rows

    assert (4.5, 60.0, True) == (build.value, build.bar, build.holds)
    assert (431_102.0, None) == (count.value, count.holds)
    assert (50.5, 2.0, 15.0, False) == (median.value, median.baseline, median.bar, median.holds)
    assert ("two_hop_p95_ms", 96.0) == (slow.name, slow.value)
