"""The job that sends a notification to an outside service. Temporary failures are retried."""

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
    """The id of a notification, and the id of the outside address that gets it."""

    notification: int
    address: int


def deliver(context: JobContext, arguments: Delivery, parts: DeliveryParts) -> str:
    """Send one notification to one address, unless it has already been sent there.

    If the process is killed during sending, the message may be sent twice: services do not report what they received.
    """
    database = parts.appliance_db
    row = database.reader.row(store.SELECT_ONE, (arguments.notification,))
    target = database.reader.value(store.SELECT_ADDRESS, (arguments.address,))
    delivery = {"notification": arguments.notification, "address": arguments.address}
    if row is None or target is None:
        return "not sent: the notification or the address was removed"
    if database.reader.value(store.IS_DELIVERED, delivery):
        return "already sent"
    if not queries.outside_allowed(database.reader):
        return "not sent: sending to outside services is turned off"
    notification = store.notification_of(row)
    context.report(0.0, f"sending to {store.masked_address(target)}", now=True)
    parts.messenger.send(target, notification.title, notification.text)
    with database.write() as work:
        work.execute(store.INSERT_DELIVERY, delivery | {"now": SYSTEM_CLOCK.time()})
    return f"sent to {store.masked_address(target)}"


DELIVER = JobKind("deliver", deliver, title="Send a notification", arguments=Delivery, short=True, priority=1)
KINDS: tuple[JobKind[Any, DeliveryParts], ...] = (DELIVER,)
