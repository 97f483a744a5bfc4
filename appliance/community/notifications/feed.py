"""Turns what happens into what people are told: reads the event log on from where it stopped, each event once.

How far it has read is stored with what it wrote, in one unit of work; so a crash neither loses nor repeats a notification.
"""

import time
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from appliance.community.accounts.permissions import Role
from appliance.community.notifications import queries, store
from appliance.community.notifications.jobs import DELIVER, Delivery
from appliance.community.notifications.notification import NotificationKind, Told
from appliance.community.notifications.operations import ANNOUNCED
from appliance.community.site_settings import read_site_setting, set_site_setting
from appliance.infrastructure.database import Database, UnitOfWork
from appliance.infrastructure.events import Event, EventLog, append_event, one_person, person_in
from appliance.infrastructure.jobs.job import Job
from appliance.infrastructure.jobs.ledger import Jobs

FED_UNTIL = "fed_until"
BATCH = 200


class _Telling(msgspec.Struct, frozen=True, kw_only=True):
    person: int
    kind: NotificationKind
    title: str
    text: str
    link: str
    inside_only: bool = False


class Feed:
    """The feed of one appliance's inboxes."""

    def __init__(self, database: Database, log: EventLog, jobs: Jobs) -> None:
        self._database, self._log, self._jobs = database, log, jobs

    def position(self) -> int:
        """The id of the last event that was turned into notifications; a fresh log begins at its end."""
        position = read_site_setting(self._database.reader, FED_UNTIL)
        if position is not None and self._log.is_complete_after(position):
            return int(position)
        newest = self._log.newest()
        with self._database.write() as work:
            set_site_setting(work, FED_UNTIL, newest)
        return newest

    def read_on(self) -> list[Job]:
        """Tell people of what happened since; the jobs that send messages outside, whose queue is to be woken."""
        made: list[Job] = []
        while events := self._log.after(self.position(), BATCH):
            with self._database.write() as work:
                # Another process may have been quicker.
                seen = int(read_site_setting(work, FED_UNTIL))
                for event in events:
                    if event.id > seen:
                        for telling in _tellings(work, event):
                            made += self._tell(work, telling)
                set_site_setting(work, FED_UNTIL, max(seen, events[-1].id))
        return made

    def _tell(self, work: UnitOfWork, telling: _Telling) -> list[Job]:
        wish = queries.preferences(work, telling.person)[telling.kind]
        if not wish.inbox:
            return []
        row = (telling.person, telling.kind.value, telling.title, telling.text, telling.link, time.time())
        work.execute(store.INSERT, row)
        notification = work.last_insert_id
        unread = int(work.execute(store.COUNT_UNREAD, (telling.person,))[0][0])
        told = Told(
            id=notification, kind=telling.kind, title=telling.title, text=telling.text, link=telling.link, unread=unread
        )
        append_event(work, "notification.new", told, one_person(telling.person))
        if telling.inside_only or not wish.outside or not queries.outside_allowed(work):
            return []
        return [
            self._jobs.create_within(
                work,
                DELIVER,
                Delivery(notification=notification, address=row[0]),
                started_by=one_person(telling.person),
            )
            for row in work.execute(store.SELECT_ADDRESSES, (telling.person,))
        ]


def _tellings(work: UnitOfWork, event: Event) -> Iterator[_Telling]:
    """Who is told what of an event."""
    if event.kind not in ("job.done", "job.failed", "answer.ready", ANNOUNCED):
        return
    people = {int(person): Role(role) for person, role in work.execute(store.SELECT_PEOPLE)}
    payload: Mapping[str, Any] = msgspec.json.decode(event.payload)
    if event.kind == ANNOUNCED:
        for person in people:
            if person != payload["by"]:
                yield _Telling(
                    person=person,
                    kind=NotificationKind.ANNOUNCEMENT,
                    title=payload["name"],
                    text=payload["text"],
                    link="/inbox",
                )
    elif event.kind == "answer.ready":
        if payload["asked_by"] in people:
            yield _Telling(
                person=payload["asked_by"],
                kind=NotificationKind.ANSWER_READY,
                title=payload["question"],
                text="The answer is ready.",
                link=f"/ask/{payload['message']}",
            )
    elif payload["kind"] != DELIVER.name or event.kind == "job.failed":
        yield from _of_job(event.kind == "job.failed", payload, people)


def _of_job(failed: bool, job: Mapping[str, Any], people: Mapping[int, Role]) -> Iterator[_Telling]:  # noqa: FBT001 - one of two
    """Who began a job hears how it ended; of what the machine began itself, administrators hear when it failed."""
    beginner = person_in(str(job["started_by"]))
    if beginner is not None:
        concerned = [beginner]
    else:
        concerned = [person for person, role in people.items() if role is Role.ADMINISTRATOR] if failed else []
    kind = NotificationKind.JOB_FAILED if failed else NotificationKind.JOB_DONE
    title = f"{job['title']}: {'failed' if failed else 'done'}"
    for person in concerned:
        if person in people:
            text = str(job["error"] if failed else job["message"])
            # That a message could not be sent outside is not sent outside.
            yield _Telling(
                person=person,
                kind=kind,
                title=title,
                text=text,
                link=f"/jobs#job-{job['id']}",
                inside_only=job["kind"] == DELIVER.name,
            )
