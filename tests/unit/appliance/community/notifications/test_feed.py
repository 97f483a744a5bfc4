"""People get each notification once, according to their preferences."""

import pytest
from fakes.accounts import NOW
from fakes.clock import FakeClock
from fakes.inboxes import run_job_of, titles

from appliance.community.accounts.person import Person
from appliance.community.notifications import operations, queries
from appliance.community.notifications.events import NotificationCreated
from appliance.community.notifications.feed import Feed
from appliance.community.notifications.notification import NotificationKind, Preference
from appliance.errors import Refused
from appliance.infrastructure.events import append_event
from appliance.study.events import AnswerReady
from server.bootstrap import Appliance


def test_the_person_who_started_a_job_is_notified_of_its_result(
    appliance: Appliance, anna: Person, ben: Person
) -> None:
    run_job_of(appliance, "Index", ben.audience)
    run_job_of(appliance, "Import", ben.audience, Refused("No Bible.", remedy="Choose another file."))
    appliance.feed.process_new_events()
    failed, done = queries.inbox(appliance.appliance_db, ben.id)

    assert ("Index: done", "all of it", NotificationKind.JOB_DONE) == (done.title, done.text, done.kind)
    assert ("Import: failed", "No Bible. Choose another file.") == (failed.title, failed.text)
    assert failed.link.startswith("/jobs#job-")
    assert 2 == queries.unread(appliance.appliance_db, ben.id)
    assert [] == titles(appliance, anna)


def test_administrators_are_notified_only_of_failed_system_jobs(
    appliance: Appliance, anna: Person, ben: Person
) -> None:
    run_job_of(appliance, "Back up", "")
    run_job_of(appliance, "Check", "", Refused("It is damaged."))
    appliance.feed.process_new_events()

    assert (["Check: failed"], []) == (titles(appliance, anna), titles(appliance, ben))


def test_everyone_except_the_leader_is_notified_of_an_announcement(
    appliance: Appliance, anna: Person, ben: Person
) -> None:
    with appliance.appliance_db.write() as work:
        operations.announce(work, leader=anna.id, name="Anna", text=" We begin at seven. ", now=NOW)
    appliance.feed.process_new_events()

    assert [] == titles(appliance, anna)
    assert ["We begin at seven."] == [
        notification.text for notification in queries.inbox(appliance.appliance_db, ben.id)
    ]


def test_a_person_who_did_not_wait_is_notified_of_the_answer(appliance: Appliance, ben: Person) -> None:
    with appliance.appliance_db.write() as work:
        event = AnswerReady(message="m1", asked_by=ben.id, question="What is love?")
        append_event(work, event, ben.audience, now=NOW)
    appliance.feed.process_new_events()

    assert [("What is love?", "/ask/m1")] == [
        (notification.title, notification.link) for notification in queries.inbox(appliance.appliance_db, ben.id)
    ]


def test_a_notification_has_the_time_of_the_feed_and_causes_an_event_for_its_person(
    appliance: Appliance, ben: Person
) -> None:
    run_job_of(appliance, "Index", ben.audience)
    before = appliance.events.newest()
    clock = FakeClock(NOW + 60)
    Feed(appliance.appliance_db, appliance.events, appliance.jobs, clock=clock).process_new_events()
    (notification,) = queries.inbox(appliance.appliance_db, ben.id)
    (event,) = appliance.events.after(before)

    assert NOW + 60 == notification.created_at == event.at
    assert frozenset({ben.audience}) == event.audience
    assert (notification.id, 1) == (
        event.payload_as(NotificationCreated).id,
        event.payload_as(NotificationCreated).unread,
    )


def test_several_feeds_notify_once_per_event(appliance: Appliance, ben: Person) -> None:
    run_job_of(appliance, "Index", ben.audience)
    for _ in range(2):
        appliance.feed.process_new_events()
        Feed(appliance.appliance_db, appliance.events, appliance.jobs).process_new_events()

    assert ["Index: done"] == titles(appliance, ben)


def test_a_failed_feed_run_is_repeated_without_duplicates(appliance: Appliance, ben: Person) -> None:
    run_job_of(appliance, "Index", ben.audience)
    run_job_of(appliance, "Graph", ben.audience)
    with appliance.appliance_db.write() as work:
        work.execute(
            "CREATE TRIGGER broken BEFORE INSERT ON notifications WHEN new.title = 'Graph: done' "
            "BEGIN SELECT RAISE(ABORT, 'broken'); END"
        )
    with pytest.raises(Exception, match="broken"):
        appliance.feed.process_new_events()
    assert [] == titles(appliance, ben)
    with appliance.appliance_db.write() as work:
        work.execute("DROP TRIGGER broken")
    appliance.feed.process_new_events()

    assert ["Graph: done", "Index: done"] == titles(appliance, ben)


def test_unwanted_kinds_are_not_notified(appliance: Appliance, ben: Person) -> None:
    with appliance.appliance_db.write() as work:
        preference = Preference(kind=NotificationKind.JOB_DONE, inbox=False)
        operations.prefer(work, person=ben.id, preference=preference)
    run_job_of(appliance, "Index", ben.audience)
    run_job_of(appliance, "Import", ben.audience, Refused("No Bible."))
    appliance.feed.process_new_events()

    assert ["Import: failed"] == titles(appliance, ben)
