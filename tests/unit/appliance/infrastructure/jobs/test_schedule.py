"""Work that comes round once a day."""

from datetime import datetime

from fakes.clock import FakeClock
from fakes.job_kinds import kind_of

from appliance.infrastructure.jobs.ledger import Jobs
from appliance.infrastructure.jobs.schedule import create_daily_jobs
from server.bootstrap import Appliance

AT_TWO = kind_of("nightly", daily_at=2)


def made_at(appliance: Appliance, *moments: str) -> list[str]:
    """Which of the moments, looked at one after the other, made a job; each is over at once."""
    made = []
    for moment in moments:
        now = datetime.fromisoformat(moment)
        jobs = Jobs(appliance.appliance_db, overseers="overseers", clock=FakeClock(now.timestamp()))
        for job in create_daily_jobs(jobs, [AT_TWO, kind_of("other")], now):
            jobs.cancel(job.id)
            made.append(moment)
    return made


def test_a_job_is_made_at_its_hour_once_a_day(appliance: Appliance) -> None:
    moments = ["2026-03-01T01:59", "2026-03-01T02:00", "2026-03-01T02:01", "2026-03-01T23:00", "2026-03-02T02:00"]

    assert [moments[0], moments[1], moments[4]] == made_at(appliance, *moments)


def test_what_a_machine_slept_through_is_made_up_for_once(appliance: Appliance) -> None:
    moments = ["2026-03-01T02:00", "2026-03-05T09:00", "2026-03-05T09:01"]

    assert moments[:2] == made_at(appliance, *moments)


def test_a_clock_that_was_ahead_stops_nothing(appliance: Appliance) -> None:
    moments = ["2036-01-01T03:00", "2026-03-01T03:00", "2026-03-01T03:01"]

    assert moments[:2] == made_at(appliance, *moments)
