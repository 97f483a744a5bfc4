"""Which events become notifications, and whose."""

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
    """A notification that is to be put into a person's inbox; one that is `inside_only` is sent nowhere else."""

    person: int
    kind: NotificationKind
    title: str
    text: str
    link: str
    inside_only: bool = False


# What follows from an event, given every person's role by the number of their account.
NotificationRule = Callable[[Any, Mapping[int, Role]], Iterator[NewNotification]]
NotificationRules = Mapping[type[DomainEvent], NotificationRule]


def _of_announcement(event: AnnouncementMade, people: Mapping[int, Role]) -> Iterator[NewNotification]:
    """Everyone but the leader."""
    for person in people:
        if person != event.by:
            yield NewNotification(
                person=person, kind=NotificationKind.ANNOUNCEMENT, title=event.name, text=event.text, link="/inbox"
            )


def _of_done_job(event: JobDoneEvent, people: Mapping[int, Role]) -> Iterator[NewNotification]:
    """The person who began the job. That a message was sent outside is no news."""
    beginner = person_in(event.started_by)
    if event.kind != DELIVER.name and beginner is not None and beginner in people:
        yield _of_job(event, beginner, NotificationKind.JOB_DONE, "done", event.message)


def _of_failed_job(event: JobFailedEvent, people: Mapping[int, Role]) -> Iterator[NewNotification]:
    """The person who began the job; administrators where the machine itself did."""
    beginner = person_in(event.started_by)
    administrators = [person for person, role in people.items() if role is Role.ADMINISTRATOR]
    for person in administrators if beginner is None else [beginner]:
        if person in people:
            yield _of_job(event, person, NotificationKind.JOB_FAILED, "failed", str(event.error))


def _of_job(event: JobEvent, person: int, kind: NotificationKind, outcome: str, text: str) -> NewNotification:
    return NewNotification(
        person=person,
        kind=kind,
        title=f"{event.title}: {outcome}",
        text=text,
        link=f"/jobs#job-{event.id}",
        # A message that could not be sent outside is not told of outside.
        inside_only=event.kind == DELIVER.name,
    )


RULES: NotificationRules = {
    AnnouncementMade: _of_announcement,
    JobDoneEvent: _of_done_job,
    JobFailedEvent: _of_failed_job,
}
