"""An event type for tests."""

from typing import ClassVar

from appliance.infrastructure.events import DomainEvent


class Said(DomainEvent, frozen=True, kw_only=True):
    """An event that tests publish: something was said."""

    event_kind: ClassVar[str] = "said"

    number: int
