"""Turns events into notifications. It continues after the last processed event, and processes each event once.

The position in the log is stored in the same unit of work as the notifications. So a crash neither loses nor repeats a
notification.
"""

from collections.abc import Iterator

from appliance.community.accounts import queries as accounts
from appliance.community.notifications import queries, store
from appliance.community.notifications.events import NotificationCreated
from appliance.community.notifications.jobs import DELIVER, Delivery
from appliance.community.notifications.rules import RULES, NewNotification, NotificationRules
from appliance.community.site_settings import read_site_setting, set_site_setting
from appliance.infrastructure.clock import SYSTEM_CLOCK, Clock
from appliance.infrastructure.database import Database, UnitOfWork
from appliance.infrastructure.events import Event, EventLog, append_event, one_person
from appliance.infrastructure.jobs.job import Job
from appliance.infrastructure.jobs.ledger import Jobs

POSITION = "fed_until"
BATCH = 200


class Feed:
    """Fills the inboxes. `rules` say which events become notifications, and who gets them."""

    def __init__(
        self,
        database: Database,
        log: EventLog,
        jobs: Jobs,
        *,
        rules: NotificationRules = RULES,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._database, self._log, self._jobs, self._clock = database, log, jobs, clock
        self._rules = {event_type.event_kind: (event_type, rule) for event_type, rule in rules.items()}

    def position(self) -> int:
        """The id of the last processed event. If no position is stored yet, this is the id of the newest event in the log."""
        position = read_site_setting(self._database.reader, POSITION)
        if position is not None and self._log.is_complete_after(position):
            return int(position)
        newest = self._log.newest()
        with self._database.write() as work:
            set_site_setting(work, POSITION, newest)
        return newest

    def process_new_events(self) -> list[Job]:
        """Write the notifications for new events. Return the jobs that send them to outside services.

        The caller must wake the queue of these jobs.
        """
        jobs: list[Job] = []
        while events := self._log.after(self.position(), BATCH):
            with self._database.write() as work:
                # Another process may have processed these events.
                position = int(read_site_setting(work, POSITION))
                for event in events:
                    if event.id > position:
                        for notification in self._notifications_of(work, event):
                            jobs += self._put_into_inbox(work, notification)
                set_site_setting(work, POSITION, max(position, events[-1].id))
        return jobs

    def _notifications_of(self, work: UnitOfWork, event: Event) -> Iterator[NewNotification]:
        if event.kind in self._rules:
            event_type, rule = self._rules[event.kind]
            yield from rule(event.payload_as(event_type), accounts.roles(work))

    def _put_into_inbox(self, work: UnitOfWork, new: NewNotification) -> list[Job]:
        """Write a notification if the person wants this kind. Return the jobs that send it to outside services."""
        preference = queries.preferences(work, new.person)[new.kind]
        if not preference.inbox:
            return []
        now = self._clock.time()
        row = {"person": new.person, "kind": new.kind.value, "title": new.title, "text": new.text, "link": new.link}
        work.execute(store.INSERT, row | {"now": now})
        notification = work.last_insert_id
        created = NotificationCreated(
            id=notification,
            kind=new.kind,
            title=new.title,
            text=new.text,
            link=new.link,
            unread=int(work.value(store.COUNT_UNREAD, (new.person,))),
        )
        append_event(work, created, one_person(new.person), now=now)
        if new.inside_only or not preference.outside or not queries.outside_allowed(work):
            return []
        return [
            self._jobs.create_within(
                work,
                DELIVER,
                Delivery(notification=notification, address=row[0]),
                started_by=one_person(new.person),
            )
            for row in work.execute(store.SELECT_ADDRESSES, (new.person,))
        ]
