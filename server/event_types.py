"""All event types of the event log."""

from appliance.community import site_settings
from appliance.community.accounts import events as accounts
from appliance.community.notifications import events as notifications
from appliance.infrastructure import events
from appliance.infrastructure.events import DomainEvent
from appliance.infrastructure.jobs import events as jobs
from appliance.study import events as study

EVENT_TYPES: tuple[type[DomainEvent], ...] = (
    *events.EVENT_TYPES,
    *jobs.EVENT_TYPES,
    *accounts.EVENT_TYPES,
    *site_settings.EVENT_TYPES,
    *notifications.EVENT_TYPES,
    *study.EVENT_TYPES,
)
