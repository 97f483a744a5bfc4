"""The evaluation of references, on strings of another parser's tests."""

from pathlib import Path

import pytest

from server.benchmarks.references import Case, measure_references, read_cases

FILE = Path(__file__).parents[4] / "shared" / "eval" / "references-dev.tsv"


def test_a_string_is_right_when_it_means_the_same_verses(tmp_path: Path) -> None:
    file = tmp_path / "cases.tsv"
    file.write_text(
        "# kind\ttext\tOSIS\n"
        "en\tGen 1-2\tGen.1.1-Gen.1.31,Gen.2\n"
        "en\tPs 3 title\tPs.3.1\n"
        "parse\tJohn 3:16\tJohn.3.17\n"
        "parse\tNothing\t\n"
    )
    measurements, misses = measure_references(read_cases(file))

    assert {"en": 1.0, "parse": 0.5} == {each.name: each.value for each in measurements if each.name != "per_second"}
    assert [("John 3:16", "John 3:17", "John 3:16")] == [(each.text, each.expected, each.found) for each in misses]


def test_the_bars_hold() -> None:
    if not FILE.exists():
        pytest.skip("the evaluation sets of ../shared are not here")
    cases: list[Case] = read_cases(FILE)
    measurements, _ = measure_references(cases)

    assert [] == [each.name for each in measurements if not each.holds and each.name != "per_second"]
