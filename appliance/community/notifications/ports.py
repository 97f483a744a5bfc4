"""The port that notifications need: a service that sends messages to outside addresses."""

from typing import Protocol


class Messenger(Protocol):
    def send(self, address: str, title: str, text: str) -> None:
        """Send a message to an address in the format of apprise.

        Raises an Unavailable if a retry may succeed, or a Refused if a retry cannot succeed.
        """
