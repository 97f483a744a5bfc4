"""The evaluation of references, with strings from the tests of another parser."""

from pathlib import Path

import pytest

from server.benchmarks.references import Case, measure_references, read_cases

FILE = Path(__file__).parents[4] / "shared" / "eval" / "references-dev.tsv"


def test_a_string_is_correct_if_it_means_the_expected_verses(tmp_path: Path) -> None:
    file = tmp_path / "cases.tsv"
    file.write_text(
        "# kind\ttext\tOSIS\n"
        "en\tGen 1-2\tGen.1.1-Gen.1.31,Gen.2\n"
        "en\tPs 3 title\tPs.3.1\n"
        "parse\tJohn 3:16\tJohn.3.17\n"
        "parse\tNothing\t\n"
    )
    measurements, misses = measure_references(read_cases(file))

    assert {"en": 1.0, "parse": 0.5} == {row.name: row.value for row in measurements if row.name != "per_second"}
    assert [("John 3:16", "John 3:17", "John 3:16")] == [(miss.text, miss.expected, miss.actual) for miss in misses]


def test_all_targets_are_met() -> None:
    if not FILE.exists():
        pytest.skip("the evaluation sets in ../shared are not installed")
    cases: list[Case] = read_cases(FILE)
    measurements, _ = measure_references(cases)

    assert [] == [row.name for row in measurements if not row.holds and row.name != "per_second"]
