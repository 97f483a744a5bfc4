"""Job queues without workers. They record the messages that would wake a worker for a job."""

from appliance.infrastructure.queue import JobQueue
from appliance.infrastructure.queue_connections import QueueConnections


class RecordingQueue(JobQueue):
    """A queue that only records its messages: (job, delay in seconds)."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.wakes: list[tuple[int, float]] = []

    def wake(self, job_id: int, delay_s: float = 0.0) -> None:
        self.wakes.append((job_id, delay_s))

    def close(self) -> None:
        """Do nothing: there is no file."""


class RecordingConnections(QueueConnections):
    """Connections to recording queues."""

    def __init__(self) -> None:
        self._queues: dict[str, RecordingQueue] = {}

    def to(self, queue: str) -> RecordingQueue:
        return self._queues.setdefault(queue, RecordingQueue(queue))

    def close(self) -> None:
        """Do nothing: no queue is open."""
