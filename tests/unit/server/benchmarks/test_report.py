"""Measurements: when a target is met, quantiles, and the report as a table or as JSON."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.benchmarks.report import Measurement, MeasurementReport, at_least, at_most, plain, print_report, quantile

VALUES = st.lists(st.integers(-1_000, 1_000).map(float), min_size=1, max_size=20)
SHARES = st.integers(0, 100).map(lambda percent: percent / 100)


@pytest.mark.parametrize(("value", "is_met"), [(60.1, True), (60.0, True), (59.9, False)])
def test_a_lower_limit_is_met_from_the_limit_on(value: float, is_met: bool) -> None:
    assert is_met is at_least("per_second", value, "searches/s", 60.0).holds


@pytest.mark.parametrize(("value", "is_met"), [(24.9, True), (25.0, True), (25.1, False)])
def test_an_upper_limit_is_met_up_to_the_limit(value: float, is_met: bool) -> None:
    assert is_met is at_most("p95_ms", value, "ms", 25.0).holds


def test_a_measurement_keeps_its_target_and_its_baseline() -> None:
    expected = Measurement(name="p95_ms", value=20.0, unit="ms", baseline=8.0, bar=25.0, holds=True)

    assert expected == at_most("p95_ms", 20.0, "ms", 25.0, baseline=8.0)
    assert msgspec.structs.replace(expected, bar=10.0) == at_least("p95_ms", 20.0, "ms", 10.0, baseline=8.0)


def test_a_measurement_without_a_target_is_neither_met_nor_missed() -> None:
    measurement = plain("verses", 31_102, "verses", baseline=31_000)

    assert (31_102, 31_000, None, None) == (
        measurement.value,
        measurement.baseline,
        measurement.bar,
        measurement.holds,
    )


def test_the_exact_value_is_compared_with_the_target_and_the_rounded_value_is_reported() -> None:
    above = at_most("share", 1 / 3 + 0.00001, "share", 1 / 3)
    below = at_least("share", 0.95 - 0.00001, "share", 0.95)

    assert (0.3333, False) == (above.value, above.holds)
    assert (0.95, False) == (below.value, below.holds)


def test_a_quantile_is_the_value_at_its_share_of_the_sorted_values() -> None:
    hundred = [float(number) for number in range(100, 0, -1)]

    assert (1.0, 51.0, 96.0, 100.0) == tuple(quantile(hundred, share) for share in (0.0, 0.5, 0.95, 0.99))
    assert 100.0 == quantile(hundred, 1.0)
    assert [7.0, 7.0, 7.0] == [quantile([7.0], share) for share in (0.0, 0.5, 1.0)]


@settings(max_examples=40, deadline=None)
@given(VALUES, SHARES, SHARES)
def test_a_quantile_is_one_of_the_values_and_grows_with_its_share(values: list[float], one: float, two: float) -> None:
    smaller, larger = quantile(values, min(one, two)), quantile(values, max(one, two))

    assert {smaller, larger} <= set(values)
    assert smaller <= larger


@settings(max_examples=40, deadline=None)
@given(VALUES, SHARES)
def test_at_least_its_share_of_the_values_is_up_to_a_quantile(values: list[float], share: float) -> None:
    limit = quantile(values, share)

    assert sum(value <= limit for value in values) >= int(len(values) * share)


MEASUREMENTS = [
    at_most("build_s", 4.56789, "s", 60.0, baseline=3.0),
    plain("nodes_and_relations", 431_102, "rows"),
    at_least("jobs_per_minute", 999.5, "jobs/min", 1_000.0),
]


def test_programs_get_the_measurements_and_the_machine_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    print_report("graph", MEASUREMENTS, as_json=True)
    printed = capsys.readouterr().out
    report = msgspec.json.decode(printed, type=MeasurementReport)

    assert ("graph", MEASUREMENTS) == (report.name, report.measurements)
    assert report.machine.cores >= 1
    rows = msgspec.json.decode(printed)["measurements"]
    assert {
        "name": "nodes_and_relations",
        "value": 431_102.0,
        "unit": "rows",
        "baseline": None,
        "bar": None,
        "holds": None,
    } == rows[1]


def row_of(printed: str, name: str) -> list[str]:
    """The cells of the table row with this name."""
    (line,) = [line for line in printed.splitlines() if line.split()[:1] == [name]]
    return line.split()


def test_people_get_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    print_report("graph", MEASUREMENTS, as_json=False)
    printed = capsys.readouterr().out

    assert ["measurement", "value", "unit", "baseline", "target", "met"] == row_of(printed, "measurement")
    assert ["build_s", "4.568", "s", "3", "60", "yes"] == row_of(printed, "build_s")
    assert ["jobs_per_minute", "999.5", "jobs/min", "1,000", "no"] == row_of(printed, "jobs_per_minute")
    assert " cores, " in printed.splitlines()[-1]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (0.0123, "0.0123"),
        (999.94, "999.9"),
        (1_234.5, "1,234"),
        (31_102.0, "31,102"),
        (431_102.0, "431,102"),
        (-54_321.0, "-54,321"),
    ],
)
def test_numbers_have_four_digits_and_large_numbers_are_printed_whole(
    capsys: pytest.CaptureFixture[str], value: float, text: str
) -> None:
    print_report("any", [plain("count", value, "rows")], as_json=False)

    assert ["count", text, "rows"] == row_of(capsys.readouterr().out, "count")
