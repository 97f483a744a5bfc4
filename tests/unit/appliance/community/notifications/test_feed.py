"""People are told what concerns them, once, as they prefer."""

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


def test_who_began_a_job_is_told_how_it_ended(appliance: Appliance, anna: Person, ben: Person) -> None:
    run_job_of(appliance, "Index", ben.audience)
    run_job_of(appliance, "Import", ben.audience, Refused("No Bible.", remedy="Bring another file."))
    appliance.feed.read_on()
    failed, done = queries.inbox(appliance.appliance_db, ben.id)

    assert ("Index: done", "all of it", NotificationKind.JOB_DONE) == (done.title, done.text, done.kind)
    assert ("Import: failed", "No Bible. Bring another file.") == (failed.title, failed.text)
    assert failed.link.startswith("/jobs#job-")
    assert 2 == queries.unread(appliance.appliance_db, ben.id)
    assert [] == titles(appliance, anna)


def test_administrators_hear_of_the_machines_own_failures_only(appliance: Appliance, anna: Person, ben: Person) -> None:
    run_job_of(appliance, "Back up", "")
    run_job_of(appliance, "Check", "", Refused("It is damaged."))
    appliance.feed.read_on()

    assert (["Check: failed"], []) == (titles(appliance, anna), titles(appliance, ben))


def test_everyone_but_the_leader_hears_an_announcement(appliance: Appliance, anna: Person, ben: Person) -> None:
    with appliance.appliance_db.write() as work:
        operations.announce(work, leader=anna.id, name="Anna", text=" We begin at seven. ", now=NOW)
    appliance.feed.read_on()

    assert [] == titles(appliance, anna)
    assert ["We begin at seven."] == [each.text for each in queries.inbox(appliance.appliance_db, ben.id)]


def test_who_did_not_wait_hears_that_the_answer_is_ready(appliance: Appliance, ben: Person) -> None:
    with appliance.appliance_db.write() as work:
        event = AnswerReady(message="m1", asked_by=ben.id, question="What is love?")
        append_event(work, event, ben.audience, now=NOW)
    appliance.feed.read_on()

    assert [("What is love?", "/ask/m1")] == [
        (each.title, each.link) for each in queries.inbox(appliance.appliance_db, ben.id)
    ]


def test_a_notification_has_the_time_of_the_feed_and_is_an_event_of_its_person(
    appliance: Appliance, ben: Person
) -> None:
    run_job_of(appliance, "Index", ben.audience)
    before = appliance.events.newest()
    clock = FakeClock(NOW + 60)
    Feed(appliance.appliance_db, appliance.events, appliance.jobs, clock=clock).read_on()
    (told,) = queries.inbox(appliance.appliance_db, ben.id)
    (event,) = appliance.events.after(before)

    assert NOW + 60 == told.created_at == event.at
    assert frozenset({ben.audience}) == event.audience
    assert (told.id, 1) == (event.payload_as(NotificationCreated).id, event.payload_as(NotificationCreated).unread)


def test_an_event_is_told_once_whoever_reads_on(appliance: Appliance, ben: Person) -> None:
    run_job_of(appliance, "Index", ben.audience)
    for _ in range(2):
        appliance.feed.read_on()
        Feed(appliance.appliance_db, appliance.events, appliance.jobs).read_on()

    assert ["Index: done"] == titles(appliance, ben)


def test_an_event_is_told_once_where_telling_it_failed_at_first(appliance: Appliance, ben: Person) -> None:
    run_job_of(appliance, "Index", ben.audience)
    run_job_of(appliance, "Graph", ben.audience)
    with appliance.appliance_db.write() as work:
        work.execute(
            "CREATE TRIGGER broken BEFORE INSERT ON notifications WHEN new.title = 'Graph: done' "
            "BEGIN SELECT RAISE(ABORT, 'broken'); END"
        )
    with pytest.raises(Exception, match="broken"):
        appliance.feed.read_on()
    assert [] == titles(appliance, ben)
    with appliance.appliance_db.write() as work:
        work.execute("DROP TRIGGER broken")
    appliance.feed.read_on()

    assert ["Graph: done", "Index: done"] == titles(appliance, ben)


def test_one_is_not_told_what_one_does_not_want_to_hear(appliance: Appliance, ben: Person) -> None:
    with appliance.appliance_db.write() as work:
        preference = Preference(kind=NotificationKind.JOB_DONE, inbox=False)
        operations.prefer(work, person=ben.id, preference=preference)
    run_job_of(appliance, "Index", ben.audience)
    run_job_of(appliance, "Import", ben.audience, Refused("No Bible."))
    appliance.feed.read_on()

    assert ["Import: failed"] == titles(appliance, ben)
