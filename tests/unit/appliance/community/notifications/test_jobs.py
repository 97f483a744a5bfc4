"""Notifications are sent outside as jobs."""

from collections.abc import Iterator

import pytest
from fakes.inboxes import add_address, let_messages_outside, run_job_of, titles
from fakes.outside_service import Receiver

from appliance.community.accounts.person import Person
from appliance.community.notifications.jobs import DELIVER
from appliance.errors import Refused
from appliance.infrastructure.jobs.job import State
from appliance.infrastructure.jobs.leases import this_process
from appliance.infrastructure.jobs.runner import work_on
from server.bootstrap import Appliance
from server.job_kinds import KINDS


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()


def deliver_all(appliance: Appliance) -> list[float]:
    """Work on the deliveries that wait, as a worker does; the pauses before what failed is tried again."""
    pauses: list[float] = []
    while job := appliance.jobs.claim_next("library", {DELIVER.name}, this_process()):
        work_on(
            appliance.jobs,
            KINDS,
            appliance,
            job,
            this_process(),
            workshop=appliance.folder.workshop,
            on_retry=pauses.append,
        )
    return pauses


def test_a_message_is_sent_outside_and_again_where_it_failed(
    appliance: Appliance, ben: Person, receiver: Receiver
) -> None:
    let_messages_outside(appliance)
    add_address(appliance, ben, receiver.address)
    receiver.refuse = 1
    run_job_of(appliance, "Index", ben.audience)
    (job,) = appliance.feed.read_on()
    (pause,) = deliver_all(appliance)

    assert 2.5 <= pause <= 5.0
    assert "did not take the message" in appliance.jobs.get(job.id).message
    with appliance.appliance_db.write() as work:
        work.execute("UPDATE jobs SET retry_at = 0 WHERE id = ?", (job.id,))
    deliver_all(appliance)
    assert State.DONE == appliance.jobs.get(job.id).state
    assert [("Index: done", "all of it")] == [(each["title"], each["message"]) for each in receiver.got]
    assert [] == appliance.feed.read_on(), "a message that was sent is nothing to tell of"


def test_what_was_sent_is_not_sent_again(appliance: Appliance, ben: Person, receiver: Receiver) -> None:
    let_messages_outside(appliance)
    add_address(appliance, ben, receiver.address)
    run_job_of(appliance, "Index", ben.audience)
    (job,) = appliance.feed.read_on()
    deliver_all(appliance)
    again = appliance.dispatcher.start_again(job.id)
    deliver_all(appliance)

    assert "sent before" == appliance.jobs.get(again.id).message
    assert 1 == len(receiver.got)


def test_a_message_that_cannot_be_sent_is_told_here_and_not_sent(appliance: Appliance, ben: Person) -> None:
    let_messages_outside(appliance)
    for number in range(2):
        add_address(appliance, ben, f"tgram://x{number}", frozenset({"tgram"}))
    run_job_of(appliance, "Index", ben.audience)
    jobs = appliance.feed.read_on()
    assert 2 == len(jobs)
    for job in jobs:
        with pytest.raises(Refused, match="not one of an allowed service"):
            appliance.dispatcher.run_here(job)

    assert [] == appliance.feed.read_on()
    assert ["Send a notification: failed"] * 2 + ["Index: done"] == titles(appliance, ben)


def test_nothing_is_sent_once_it_is_forbidden(appliance: Appliance, ben: Person, receiver: Receiver) -> None:
    let_messages_outside(appliance)
    add_address(appliance, ben, receiver.address)
    run_job_of(appliance, "Index", ben.audience)
    assert 1 == len(appliance.feed.read_on())
    let_messages_outside(appliance, allowed=False)
    deliver_all(appliance)

    assert [] == receiver.got
