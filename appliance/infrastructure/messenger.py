"""Messages to services outside, through apprise."""

import logging

from appliance.errors import Refused, Unavailable


class AddressNotUnderstood(Refused):
    """No service of apprise's knows this address."""


class NotDelivered(Unavailable):
    """The service could not be reached, or did not take the message."""


class AppriseMessenger:
    """Carries messages to addresses such as `ntfy://ntfy.sh/topic` or `mailto://user:password@host`, of these services."""

    def __init__(self, services: frozenset[str]) -> None:
        self._services = services

    def send(self, address: str, title: str, text: str) -> None:
        """Raises AddressNotUnderstood or NotDelivered."""
        # A hundred services take half a second to import, which only a worker that sends needs.
        from apprise import Apprise  # noqa: PLC0415

        # It logs addresses with what is secret in them.
        logging.getLogger("apprise").setLevel(logging.CRITICAL)
        # One address is one service: `add` would take several out of a string.
        service = Apprise.instantiate(address) if address.partition(":")[0].lower() in self._services else None
        if service is None:
            raise AddressNotUnderstood(
                "This address is not one of a service that is known.", remedy="Remove it, and add it anew."
            )
        if not service.notify(title=title, body=text):
            raise NotDelivered(
                "The service did not take the message.", remedy="Is there a network, and is the address right?"
            )
