"""Turns events into notifications: reads the event log on from where it stopped, each event once.

The position in the log is stored with the notifications, in one unit of work; so a crash neither loses nor repeats one.
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

FED_UNTIL = "fed_until"
BATCH = 200


class Feed:
    """The feed of one appliance's inboxes. `rules` say which events become notifications, and whose."""

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
        """The id of the last event that was turned into notifications; a fresh log begins at its end."""
        position = read_site_setting(self._database.reader, FED_UNTIL)
        if position is not None and self._log.is_complete_after(position):
            return int(position)
        newest = self._log.newest()
        with self._database.write() as work:
            set_site_setting(work, FED_UNTIL, newest)
        return newest

    def read_on(self) -> list[Job]:
        """Write the notifications of the events since; the jobs that send them outside, whose queue is to be woken."""
        made: list[Job] = []
        while events := self._log.after(self.position(), BATCH):
            with self._database.write() as work:
                # Another process may have been quicker.
                position = int(read_site_setting(work, FED_UNTIL))
                for event in events:
                    if event.id > position:
                        for new in self._notifications_of(work, event):
                            made += self._put_into_inbox(work, new)
                set_site_setting(work, FED_UNTIL, max(position, events[-1].id))
        return made

    def _notifications_of(self, work: UnitOfWork, event: Event) -> Iterator[NewNotification]:
        if event.kind in self._rules:
            event_type, rule = self._rules[event.kind]
            yield from rule(event.payload_as(event_type), accounts.roles(work))

    def _put_into_inbox(self, work: UnitOfWork, new: NewNotification) -> list[Job]:
        """Write a notification as its person prefers; the jobs that send it outside."""
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
