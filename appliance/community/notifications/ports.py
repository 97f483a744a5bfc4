"""The port that notifications need: a service that sends messages to outside addresses."""

from typing import Protocol


class Messenger(Protocol):
    def send(self, address: str, title: str, text: str) -> None:
        """Send a message to an address. The address has the format of the library apprise.

        Raises Unavailable if a retry may succeed, and Refused if a retry cannot succeed.
        """
