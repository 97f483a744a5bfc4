"""Sending a notification outside, as a job: retried where it fails for a passing reason."""

from typing import Any, Protocol

import msgspec

from appliance.community.notifications import queries, store
from appliance.community.notifications.ports import Messenger
from appliance.infrastructure.clock import SYSTEM_CLOCK
from appliance.infrastructure.database import Database
from appliance.infrastructure.jobs.context import JobContext
from appliance.infrastructure.jobs.kind import JobKind


class DeliveryParts(Protocol):
    """The parts of the appliance that a delivery needs."""

    @property
    def appliance_db(self) -> Database: ...
    @property
    def messenger(self) -> Messenger: ...


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """The numbers of a notification and of an address."""

    notification: int
    address: int


def deliver(context: JobContext, arguments: Delivery, parts: DeliveryParts) -> str:
    """Send one notification to one address, unless that was done before.

    A message that was sent in the moment this process was killed may be sent again: no service tells.
    """
    database = parts.appliance_db
    row = database.reader.row(store.SELECT_ONE, (arguments.notification,))
    target = database.reader.value(store.SELECT_ADDRESS, (arguments.address,))
    delivery = {"notification": arguments.notification, "address": arguments.address}
    if row is None or target is None:
        return "not sent: the notification or the address was removed"
    if database.reader.value(store.IS_DELIVERED, delivery):
        return "sent before"
    if not queries.outside_allowed(database.reader):
        return "not sent: sending to outside services was turned off"
    told = store.notification_of(row)
    context.report(0.0, f"sending to {store.shown(target)}", now=True)
    parts.messenger.send(target, told.title, told.text)
    with database.write() as work:
        work.execute(store.INSERT_DELIVERY, delivery | {"now": SYSTEM_CLOCK.time()})
    return f"sent to {store.shown(target)}"


DELIVER = JobKind("deliver", deliver, title="Send a notification", arguments=Delivery, short=True, priority=1)
KINDS: tuple[JobKind[Any, DeliveryParts], ...] = (DELIVER,)
