"""Daily jobs."""

from datetime import datetime

from fakes.clock import FakeClock
from fakes.job_kinds import kind_of

from appliance.infrastructure.jobs.ledger import Jobs
from appliance.infrastructure.jobs.schedule import create_daily_jobs
from server.bootstrap import Appliance

AT_TWO = kind_of("nightly", daily_at=2)


def times_with_a_job(appliance: Appliance, *times: str) -> list[str]:
    """Run the schedule at each time, and return the times at which it created a job. Each job is ended immediately."""
    created_at = []
    for time in times:
        now = datetime.fromisoformat(time)
        jobs = Jobs(appliance.appliance_db, overseers="overseers", clock=FakeClock(now.timestamp()))
        for job in create_daily_jobs(jobs, [AT_TWO, kind_of("other")], now):
            jobs.cancel(job.id)
            created_at.append(time)
    return created_at


def test_a_daily_job_is_created_at_its_hour_once_per_day(appliance: Appliance) -> None:
    times = ["2026-03-01T01:59", "2026-03-01T02:00", "2026-03-01T02:01", "2026-03-01T23:00", "2026-03-02T02:00"]

    assert [times[0], times[1], times[4]] == times_with_a_job(appliance, *times)


def test_missed_days_create_one_job(appliance: Appliance) -> None:
    times = ["2026-03-01T02:00", "2026-03-05T09:00", "2026-03-05T09:01"]

    assert times[:2] == times_with_a_job(appliance, *times)


def test_a_clock_that_was_ahead_does_not_stop_daily_jobs(appliance: Appliance) -> None:
    times = ["2036-01-01T03:00", "2026-03-01T03:00", "2026-03-01T03:01"]

    assert times[:2] == times_with_a_job(appliance, *times)
