"""The rules that turn events into notifications."""

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


def notifications_for(event: JobEvent | AnnouncementMade, **changes: object) -> list[NewNotification]:
    changed = msgspec.structs.replace(event, **changes)
    return list(RULES[type(changed)](changed, PEOPLE))


def test_the_result_of_a_job_goes_to_the_person_who_started_it() -> None:
    (done,), (failed,) = notifications_for(DONE), notifications_for(FAILED)

    assert (BEN, NotificationKind.JOB_DONE, "Index: done", "all of it") == (
        done.person,
        done.kind,
        done.title,
        done.text,
    )
    assert (BEN, NotificationKind.JOB_FAILED, "No room.") == (failed.person, failed.kind, failed.text)
    assert "/jobs#job-7" == done.link == failed.link


def test_failed_system_jobs_go_to_administrators() -> None:
    assert [] == notifications_for(DONE, started_by="")
    assert [ANNA] == [notification.person for notification in notifications_for(FAILED, started_by="")]


def test_removed_people_get_no_notifications() -> None:
    assert [] == notifications_for(DONE, started_by="person:99")
    assert [] == notifications_for(FAILED, started_by="person:99")


def test_a_failed_delivery_is_notified_inside_only_and_a_successful_one_is_not() -> None:
    assert [] == notifications_for(DONE, kind=DELIVER.name)
    assert [True] == [notification.inside_only for notification in notifications_for(FAILED, kind=DELIVER.name)]
    assert [False] == [notification.inside_only for notification in notifications_for(FAILED)]


def test_an_announcement_goes_to_everyone_except_the_leader() -> None:
    notifications = notifications_for(AnnouncementMade(by=CARA, name="Cara", text="We begin at seven."))

    assert [ANNA, BEN] == [notification.person for notification in notifications]
    assert {("Cara", "We begin at seven.", "/inbox")} == {
        (notification.title, notification.text, notification.link) for notification in notifications
    }
