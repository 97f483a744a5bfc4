"""Pausing and resuming queues."""

import pytest
from fakes.clock import FakeClock
from fakes.job_kinds import Labelled
from fakes.working import K, claim_all

from appliance.infrastructure.jobs.events import QueuePaused
from appliance.infrastructure.jobs.ledger import Jobs
from appliance.infrastructure.jobs.pauses import Queues
from appliance.infrastructure.jobs.queue_state import PauseTooLong, QueueNotFound
from server.bootstrap import Appliance


def test_a_paused_queue_gives_no_jobs_until_it_is_resumed(jobs: Jobs, appliance: Appliance) -> None:
    jobs.create(K, Labelled())
    queues = Queues(appliance.appliance_db, overseers="overseers")
    state = queues.pause("library", paused_by="Anna", reason="The sermon is on.")

    assert state.pause is not None
    assert (1, "Anna", "The sermon is on.") == (state.waiting, state.pause.paused_by, state.pause.reason)
    assert [] == claim_all(jobs)
    assert queues.resume("library").pause is None
    assert 1 == len(claim_all(jobs))
    with pytest.raises(QueueNotFound):
        queues.pause("kitchen", paused_by="", reason="")


def test_a_pause_ends_at_its_time(timed: Jobs, appliance: Appliance, clock: FakeClock) -> None:
    timed.create(K, Labelled())
    queues = Queues(appliance.appliance_db, overseers="overseers", clock=clock)
    queues.pause("library", paused_by="Anna", reason="", until=clock.now + 60)

    assert [] == claim_all(timed)
    clock.now += 61
    assert 1 == len(claim_all(timed))


def test_a_pause_of_more_than_a_month_is_refused(appliance: Appliance, clock: FakeClock) -> None:
    with pytest.raises(PauseTooLong):
        Queues(appliance.appliance_db, overseers="overseers", clock=clock).pause(
            "library", paused_by="Anna", reason="", until=clock.now + 1e12
        )


def test_overseers_get_an_event_when_a_queue_is_paused_and_resumed(appliance: Appliance, clock: FakeClock) -> None:
    before = appliance.events.newest()
    queues = Queues(appliance.appliance_db, overseers="overseers", clock=clock)
    queues.pause("library", paused_by="Anna", reason="The sermon is on.")
    for _ in range(2):
        queues.resume("library")
    paused, resumed = appliance.events.after(before)

    assert {frozenset({"overseers"})} == {paused.audience, resumed.audience}
    assert "Anna" == paused.payload_as(QueuePaused).pause.paused_by
    assert b'{"queue":"library","pause":null}' == bytes(resumed.payload)
