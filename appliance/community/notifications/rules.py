"""The rules that turn events into notifications."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from appliance.community.accounts.permissions import Role
from appliance.community.notifications.events import AnnouncementMade
from appliance.community.notifications.jobs import DELIVER
from appliance.community.notifications.notification import NotificationKind
from appliance.infrastructure.events import DomainEvent, person_in
from appliance.infrastructure.jobs.events import JobDoneEvent, JobEvent, JobFailedEvent


class NewNotification(msgspec.Struct, frozen=True, kw_only=True):
    """A notification for a person's inbox. If `inside_only` is true, it is never sent to outside services."""

    person: int
    kind: NotificationKind
    title: str
    text: str
    link: str
    inside_only: bool = False


# A rule takes an event and the role of each person by id, and yields the notifications for this event.
NotificationRule = Callable[[Any, Mapping[int, Role]], Iterator[NewNotification]]
NotificationRules = Mapping[type[DomainEvent], NotificationRule]


def _of_announcement(event: AnnouncementMade, people: Mapping[int, Role]) -> Iterator[NewNotification]:
    """Notify all people except the leader."""
    for person in people:
        if person != event.by:
            yield NewNotification(
                person=person, kind=NotificationKind.ANNOUNCEMENT, title=event.name, text=event.text, link="/inbox"
            )


def _of_done_job(event: JobDoneEvent, people: Mapping[int, Role]) -> Iterator[NewNotification]:
    """Notify the person who started the job. When a job has sent a notification, nobody is notified of that job."""
    starter = person_in(event.started_by)
    if event.kind != DELIVER.name and starter is not None and starter in people:
        yield _of_job(event, starter, NotificationKind.JOB_DONE, "done", event.message)


def _of_failed_job(event: JobFailedEvent, people: Mapping[int, Role]) -> Iterator[NewNotification]:
    """Notify the person who started the job, or the administrators if no person started it."""
    starter = person_in(event.started_by)
    administrators = [person for person, role in people.items() if role is Role.ADMINISTRATOR]
    for person in administrators if starter is None else [starter]:
        if person in people:
            yield _of_job(event, person, NotificationKind.JOB_FAILED, "failed", str(event.error))


def _of_job(event: JobEvent, person: int, kind: NotificationKind, outcome: str, text: str) -> NewNotification:
    return NewNotification(
        person=person,
        kind=kind,
        title=f"{event.title}: {outcome}",
        text=text,
        link=f"/jobs#job-{event.id}",
        # A failed delivery to an outside service causes a notification, but this notification is not sent outside.
        inside_only=event.kind == DELIVER.name,
    )


RULES: NotificationRules = {
    AnnouncementMade: _of_announcement,
    JobDoneEvent: _of_done_job,
    JobFailedEvent: _of_failed_job,
}
