"""What notifications need from outside: somebody who carries a message to an address."""

from typing import Protocol


class Messenger(Protocol):
    def send(self, address: str, title: str, text: str) -> None:
        """Carry a message to an address as apprise writes them.

        Raises an Unavailable where it may work later, a Refused where it never will.
        """
