"""Paused queues: who paused a queue, why, and until when."""

from appliance.infrastructure.clock import SYSTEM_CLOCK, Clock
from appliance.infrastructure.database import Database
from appliance.infrastructure.events import append_event
from appliance.infrastructure.jobs import statements as sql
from appliance.infrastructure.jobs.events import QueuePaused, QueueResumed
from appliance.infrastructure.jobs.job import State
from appliance.infrastructure.jobs.kind import QUEUES
from appliance.infrastructure.jobs.queue_state import Pause, PauseTooLong, QueueNotFound, QueueState

MAX_PAUSE_S = 30 * 86_400.0


class Queues:
    """The three queues and their pauses. While a queue is paused, its running jobs finish, and no new job starts.

    A pause ends at a time of day that a user chose. So if someone sets the clock, the pause follows the clock.
    """

    def __init__(self, database: Database, *, overseers: str, clock: Clock = SYSTEM_CLOCK) -> None:
        """`overseers` is the audience that gets the events of queues."""
        self._database, self._overseers, self._clock = database, overseers, clock

    def states(self) -> list[QueueState]:
        reader = self._database.reader
        counts = {(queue, state): count for queue, state, count in reader.rows(sql.COUNT_BY_QUEUE)}
        pauses = {row[0]: _pause(row) for row in reader.rows(sql.SELECT_PAUSES, {"now": self._clock.time()})}
        return [
            QueueState(
                name=name,
                waiting=counts.get((name, State.QUEUED.value), 0),
                running=counts.get((name, State.RUNNING.value), 0),
                pause=pauses.get(name),
            )
            for name in QUEUES
        ]

    def pause(self, queue: str, *, paused_by: str, reason: str, until: float | None = None) -> QueueState:
        """Start no new jobs of a queue until a time, or until someone resumes the queue.

        Raises QueueNotFound or PauseTooLong.
        """
        _check(queue)
        now = self._clock.time()
        if until is not None and not until <= now + MAX_PAUSE_S:
            raise PauseTooLong(
                "A queue can be paused for at most 30 days.",
                remedy="Pause the queue without an end, and resume it later.",
            )
        pause = Pause(queue=queue, paused_by=paused_by, reason=reason, paused_at=now, until=until)
        with self._database.write() as work:
            row = {"queue": queue, "paused_by": paused_by, "reason": reason, "now": now, "until": until}
            work.execute(sql.PAUSE, row)
            append_event(work, QueuePaused(queue=queue, pause=pause), self._overseers, now=now)
        return self._state(queue)

    def resume(self, queue: str) -> QueueState:
        """End the pause of a queue. The caller must wake the queue. Raises QueueNotFound."""
        _check(queue)
        with self._database.write() as work:
            work.execute(sql.RESUME, (queue,))
            if work.changes:
                append_event(work, QueueResumed(queue=queue), self._overseers, now=self._clock.time())
        return self._state(queue)

    def _state(self, queue: str) -> QueueState:
        return next(state for state in self.states() if state.name == queue)


def _check(queue: str) -> None:
    if queue not in QUEUES:
        raise QueueNotFound(f"There is no queue {queue[:40]!r}.", remedy=f"The queues are {', '.join(QUEUES)}.")


def _pause(row: tuple[str, str, str, float, float | None]) -> Pause:
    return Pause(queue=row[0], paused_by=row[1], reason=row[2], paused_at=row[3], until=row[4])
