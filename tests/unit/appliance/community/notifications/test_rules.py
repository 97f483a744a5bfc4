"""Which events become notifications, and whose."""

import msgspec

from appliance.community.accounts.permissions import Role
from appliance.community.notifications.events import AnnouncementMade
from appliance.community.notifications.jobs import DELIVER
from appliance.community.notifications.notification import NotificationKind
from appliance.community.notifications.rules import RULES, NewNotification
from appliance.infrastructure.jobs.events import JobDoneEvent, JobEvent, JobFailedEvent
from appliance.infrastructure.jobs.job import State

ANNA, BEN, CARA = 1, 2, 3
PEOPLE = {ANNA: Role.ADMINISTRATOR, BEN: Role.MEMBER, CARA: Role.LEADER}
DONE = JobDoneEvent(
    id=7,
    kind="index",
    queue="library",
    title="Index",
    state=State.DONE,
    progress=1.0,
    message="all of it",
    seconds_left=None,
    error=None,
    attempts=1,
    cancel_requested=False,
    started_by="person:2",
    created_at=1.0,
    started_at=2.0,
    finished_at=3.0,
)
FAILED = JobFailedEvent(**msgspec.structs.asdict(DONE) | {"state": State.FAILED, "error": "No room."})


def following(event: JobEvent | AnnouncementMade, **changes: object) -> list[NewNotification]:
    changed = msgspec.structs.replace(event, **changes)
    return list(RULES[type(changed)](changed, PEOPLE))


def test_the_person_who_began_a_job_is_told_how_it_ended() -> None:
    (done,), (failed,) = following(DONE), following(FAILED)

    assert (BEN, NotificationKind.JOB_DONE, "Index: done", "all of it") == (
        done.person,
        done.kind,
        done.title,
        done.text,
    )
    assert (BEN, NotificationKind.JOB_FAILED, "No room.") == (failed.person, failed.kind, failed.text)
    assert "/jobs#job-7" == done.link == failed.link


def test_administrators_are_told_of_failed_jobs_that_the_machine_began() -> None:
    assert [] == following(DONE, started_by="")
    assert [ANNA] == [each.person for each in following(FAILED, started_by="")]


def test_a_person_who_was_removed_is_told_nothing() -> None:
    assert [] == following(DONE, started_by="person:99")
    assert [] == following(FAILED, started_by="person:99")


def test_a_delivery_that_failed_is_told_inside_only_and_one_that_worked_not_at_all() -> None:
    assert [] == following(DONE, kind=DELIVER.name)
    assert [True] == [each.inside_only for each in following(FAILED, kind=DELIVER.name)]
    assert [False] == [each.inside_only for each in following(FAILED)]


def test_everyone_but_the_leader_is_told_of_an_announcement() -> None:
    told = following(AnnouncementMade(by=CARA, name="Cara", text="We begin at seven."))

    assert [ANNA, BEN] == [each.person for each in told]
    assert {("Cara", "We begin at seven.", "/inbox")} == {(each.title, each.text, each.link) for each in told}
