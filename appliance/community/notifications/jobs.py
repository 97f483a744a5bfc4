"""Sending a notification outside, as a job: retried where it fails for a passing reason."""

import time
from collections.abc import Mapping
from typing import Any

from appliance.community.notifications import queries, store
from appliance.community.notifications.ports import Messenger
from appliance.infrastructure.database import Database
from appliance.infrastructure.jobs.kind import JobKind
from appliance.infrastructure.jobs.runner import JobContext

DELIVER = JobKind(name="deliver", short=True, priority=1)


def deliver(context: JobContext, arguments: Mapping[str, Any], *, database: Database, messenger: Messenger) -> str:
    """Send one notification to one address, unless that was done before.

    A message that was sent in the moment this process was killed may be sent again: no service tells.
    """
    notification, address = int(arguments["notification"]), int(arguments["address"])
    row = database.reader.row(store.SELECT_ONE, (notification,))
    target = database.reader.value(store.SELECT_ADDRESS, (address,))
    if row is None or target is None:
        return "not sent: the notification or the address was removed"
    if database.reader.value(store.IS_DELIVERED, (notification, address)):
        return "sent before"
    if not queries.outside_allowed(database.reader):
        return "not sent: sending to outside services was turned off"
    told = store.notification_of(row)
    context.report(0.0, f"sending to {store.shown(target)}", now=True)
    messenger.send(target, told.title, told.text)
    with database.write() as work:
        work.execute(store.INSERT_DELIVERY, (notification, address, time.time()))
        work.commit()
    return f"sent to {store.shown(target)}"
