"""Jobs send notifications to outside services."""

from collections.abc import Iterator

import pytest
from fakes.inboxes import add_address, run_job_of, set_outside_allowed, titles
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
    """Run the waiting delivery jobs as a worker does. Return the delays before the retries."""
    retry_delays: list[float] = []
    while job := appliance.jobs.claim_next("library", {DELIVER.name}, this_process()):
        work_on(
            appliance.jobs,
            KINDS,
            appliance,
            job,
            this_process(),
            working_folder=appliance.folder.working_folder,
            on_retry=retry_delays.append,
        )
    return retry_delays


def test_a_message_is_sent_outside_and_retried_after_a_failure(
    appliance: Appliance, ben: Person, receiver: Receiver
) -> None:
    set_outside_allowed(appliance)
    add_address(appliance, ben, receiver.address)
    receiver.refuse = 1
    run_job_of(appliance, "Index", ben.audience)
    (job,) = appliance.feed.process_new_events()
    (retry_delay,) = deliver_all(appliance)

    assert 2.5 <= retry_delay <= 5.0
    assert "did not accept the message" in appliance.jobs.get(job.id).message
    with appliance.appliance_db.write() as work:
        work.execute("UPDATE jobs SET retry_at = 0 WHERE id = ?", (job.id,))
    deliver_all(appliance)
    assert State.DONE == appliance.jobs.get(job.id).state
    assert [("Index: done", "all of it")] == [(message["title"], message["message"]) for message in receiver.got]
    assert [] == appliance.feed.process_new_events(), "a sent message causes no notification"


def test_a_sent_message_is_not_sent_again(appliance: Appliance, ben: Person, receiver: Receiver) -> None:
    set_outside_allowed(appliance)
    add_address(appliance, ben, receiver.address)
    run_job_of(appliance, "Index", ben.audience)
    (job,) = appliance.feed.process_new_events()
    deliver_all(appliance)
    again = appliance.dispatcher.start_again(job.id)
    deliver_all(appliance)

    assert "already sent" == appliance.jobs.get(again.id).message
    assert 1 == len(receiver.got)


def test_a_failed_delivery_is_notified_in_the_inbox_only(appliance: Appliance, ben: Person) -> None:
    set_outside_allowed(appliance)
    for number in range(2):
        add_address(appliance, ben, f"tgram://x{number}", frozenset({"tgram"}))
    run_job_of(appliance, "Index", ben.audience)
    jobs = appliance.feed.process_new_events()
    assert 2 == len(jobs)
    for job in jobs:
        with pytest.raises(Refused, match="does not belong to an allowed service"):
            appliance.dispatcher.run_in_process(job)

    assert [] == appliance.feed.process_new_events()
    assert ["Send a notification: failed"] * 2 + ["Index: done"] == titles(appliance, ben)


def test_nothing_is_sent_after_outside_services_are_turned_off(
    appliance: Appliance, ben: Person, receiver: Receiver
) -> None:
    set_outside_allowed(appliance)
    add_address(appliance, ben, receiver.address)
    run_job_of(appliance, "Index", ben.audience)
    assert 1 == len(appliance.feed.process_new_events())
    set_outside_allowed(appliance, allowed=False)
    deliver_all(appliance)

    assert [] == receiver.got
