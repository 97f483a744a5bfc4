"""Delays before a job is retried."""

import msgspec
import pytest
from fakes.job_kinds import Labelled, kind_of

from appliance.infrastructure.jobs.delays import BACKOFF_LIMIT_S, pause_after_death, pause_after_failure
from appliance.infrastructure.jobs.job import Job
from server.bootstrap import Appliance


@pytest.fixture
def job(appliance: Appliance) -> Job:
    return appliance.jobs.create(kind_of("k"), Labelled())


@pytest.mark.parametrize(("failures", "longest"), [(0, 5.0), (1, 10.0), (3, 40.0), (20, BACKOFF_LIMIT_S)])
def test_the_pause_doubles_with_each_failure_up_to_a_limit(job: Job, failures: int, longest: float) -> None:
    pauses = [pause_after_failure(msgspec.structs.replace(job, failures=failures)) for _ in range(50)]

    assert longest / 2 <= min(pauses) < max(pauses) <= longest, (
        "jobs that failed at the same time are retried at different times"
    )


def test_a_job_waits_longer_each_time_its_worker_dies(job: Job) -> None:
    assert [0, 0, 2, 4, 8, 16, 30, 30] == [
        pause_after_death(msgspec.structs.replace(job, deaths=deaths)) for deaths in range(8)
    ]


def test_a_job_that_got_further_than_before_does_not_wait(job: Job) -> None:
    assert 0 == pause_after_death(msgspec.structs.replace(job, deaths=9, progress=0.5, best_progress=0.4))
