"""Connections to the queues of one data folder. Each connection is opened at its first use."""

import threading
from typing import TYPE_CHECKING

from appliance.infrastructure.paths import DataFolder

if TYPE_CHECKING:
    from appliance.infrastructure.queue import JobQueue


class QueueConnections:
    """Connections to the queues. The queues are in files of the data folder, or at an address. Safe for several threads."""

    def __init__(self, folder: DataFolder, address: str) -> None:
        self._folder, self._address = folder, address
        self._open: dict[str, JobQueue] = {}
        self._opening = threading.Lock()

    def to(self, queue: str) -> "JobQueue":
        """Return the connection to a queue's workers. Raises QueueAddressInvalid."""
        from appliance.infrastructure.queue import JobQueue

        with self._opening:
            if queue not in self._open:
                self._open[queue] = JobQueue(queue, self._folder.queue_db(queue), self._address)
            return self._open[queue]

    def close(self) -> None:
        for connection in self._open.values():
            connection.close()
