"""A slot is reserved for short jobs."""

import pytest
from fakes.job_kinds import Labelled, kind_of

from appliance.infrastructure.jobs.job import Job
from appliance.infrastructure.jobs.lanes import Lanes
from appliance.infrastructure.jobs.leases import this_process
from server.bootstrap import Appliance

LONG, SHORT = kind_of("long"), kind_of("short", short=True)


@pytest.fixture
def lanes(appliance: Appliance) -> tuple[Lanes, Appliance]:
    return Lanes(2, reserved=1), appliance


def take(lanes: Lanes, appliance: Appliance) -> Job | None:
    return lanes.take(
        lambda short_only: appliance.jobs.claim_next(
            "library", {"long", "short"}, this_process(), short_only=short_only
        )
    )


def title_of(job: Job | None) -> str | None:
    return None if job is None else job.title


def test_long_jobs_leave_a_slot_for_short_jobs(lanes: tuple[Lanes, Appliance]) -> None:
    slots, appliance = lanes
    for number in range(3):
        appliance.jobs.create(LONG, Labelled(title="long", label=f"number {number}"))
    first = take(slots, appliance)

    assert first is not None
    assert take(slots, appliance) is None
    appliance.jobs.create(SHORT, Labelled(title="short"))
    assert "short" == title_of(take(slots, appliance))
    assert take(slots, appliance) is None
    slots.release(first)
    assert "long" == title_of(take(slots, appliance))


def test_short_jobs_can_use_every_slot(lanes: tuple[Lanes, Appliance]) -> None:
    slots, appliance = lanes
    for number in range(3):
        appliance.jobs.create(SHORT, Labelled(title="short", label=f"number {number}"))

    assert [True, True, False] == [take(slots, appliance) is not None for _ in range(3)]
