"""The figures of small jobs."""

from collections.abc import Mapping

import pytest

from server.benchmarks.helper_process import MeasurementFailed
from server.benchmarks.jobs import await_condition, figures
from server.benchmarks.report import Measurement
from server.bootstrap import Appliance

ALL_ONCE = dict.fromkeys(range(1, 1_001), 1)


def measured(total_s: float, steps_by_job: Mapping[int, int] = ALL_ONCE) -> dict[str, Measurement]:
    return {row.name: row for row in figures(2.0, total_s, steps_by_job, 0.5)}


def test_a_thousand_jobs_in_half_a_minute_are_two_thousand_per_minute() -> None:
    fast, limit, slow = (measured(total_s)["jobs_per_minute"] for total_s in (30.0, 60.0, 61.0))

    assert (2_000.0, True) == (fast.value, fast.holds)
    assert (1_000.0, True) == (limit.value, limit.holds)
    assert slow.holds is False


def test_the_costs_of_a_job_are_compared_with_those_of_a_row() -> None:
    rows = measured(30.0)

    assert (2.0, 0.5, None) == (rows["make_ms"].value, rows["make_ms"].baseline, rows["make_ms"].holds)
    assert (30.0, 0.5, None) == (rows["whole_ms"].value, rows["whole_ms"].baseline, rows["whole_ms"].holds)


def test_every_job_must_run_exactly_once() -> None:
    repeated = ALL_ONCE | {7: 2}
    missing = {job: steps for job, steps in repeated.items() if job not in (1, 2)}

    assert [(0.0, True), (1.0, False), (3.0, False), (1_000.0, False)] == [
        (measured(30.0, steps)["not_once"].value, measured(30.0, steps)["not_once"].holds)
        for steps in (ALL_ONCE, repeated, missing, {})
    ]


def test_a_condition_that_is_already_true_needs_no_waiting(appliance: Appliance) -> None:
    await_condition(appliance, lambda: not appliance.jobs.active())


def test_jobs_that_do_not_end_in_time_stop_the_measurement(appliance: Appliance) -> None:
    with pytest.raises(MeasurementFailed, match="did not finish the jobs in time") as error:
        await_condition(appliance, lambda: False, timeout_s=0.0)
    assert "lampstand worker library" in error.value.remedy
