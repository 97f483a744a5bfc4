"""Job queues with Huey. Only this module uses Huey. A queue carries job ids as JSON, to wake its consumer.

Huey deletes a task when it hands the task to a consumer. So only the jobs table is reliable. A task only says that a job
may be waiting; the consumer claims the next job from the table. At its start and every minute, the consumer sweeps: it
requeues the jobs of dead workers.
"""

import contextlib
import importlib
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import structlog

from appliance.errors import Refused, Unavailable
from appliance.infrastructure.absent_modules import without_modules
from appliance.infrastructure.database import Database
from appliance.infrastructure.file_lock import locked

# Huey imports every installed database client. The clients take 14 MB of memory per process, and queues in files do not
# need them.
with without_modules("psycopg", "redis"):
    from huey import PostgresHuey, RedisHuey, SqliteHuey, crontab, storage
    from huey.api import Huey
    from huey.consumer import Consumer
    from huey.exceptions import ConfigurationError
    from huey.registry import Message
    from huey.serializer import Serializer

POLL_S = 0.1
MAX_POLL_S = 0.25
TIMES = tuple(name for name in ("eta", "expires_resolved") if name in Message._fields)


class QueueAddressInvalid(Refused):
    """The setting `queues_address` does not contain the address of a supported queue."""


class QueueUnreachable(Unavailable):
    """The file or server of a queue does not accept a message."""


class _JsonSerializer(Serializer):  # type: ignore[misc] # huey is untyped
    """Encodes messages as JSON, so that the content of a queue cannot execute code."""

    def _serialize(self, data: Any) -> bytes:
        return msgspec.json.encode(list(data) if isinstance(data, Message) else data)

    def _deserialize(self, data: bytes) -> Any:
        decoded = msgspec.json.decode(data)
        if not isinstance(decoded, list):
            return decoded
        message = Message(*decoded)
        times = {name: getattr(message, name) for name in TIMES}
        return message._replace(
            **{name: datetime.fromisoformat(value) for name, value in times.items() if isinstance(value, str)}
        )


class JobQueue:
    """One queue, in its own file or at an address: `redis://…` or `postgresql://…`. Raises QueueAddressInvalid."""

    def __init__(self, name: str, path: Path, address: str = "") -> None:
        self.name = name
        self._huey = _open(name, path, address)
        self._work: Callable[[], None] = _not_a_consumer
        self._sweep: Callable[[], None] = _not_a_consumer
        self._task = self._huey.task(name="work_on_job")(self._run)
        self._huey.periodic_task(crontab(), name="sweep")(self._swept)

    def wake(self, job_id: int, delay_s: float = 0.0) -> None:
        """Wake the consumers now, or after `delay_s` seconds. Raises QueueUnreachable."""
        try:
            if delay_s:
                self._task.schedule(args=(job_id,), delay=delay_s)
            else:
                self._task(job_id)
        except Exception as error:
            # The client libraries raise different errors, but each of them means that the queue is unreachable.
            raise QueueUnreachable(
                f"The queue {self.name} cannot be reached: {error}.",
                remedy="The job is queued. A worker finds it within a minute.",
            ) from error

    def consume(self, *, work: Callable[[], None], sweep: Callable[[], None], threads: int = 1) -> None:
        """Call `work` when the queue is woken, and `sweep` at start and every minute, until this process gets a signal.

        `work` is called from several threads. SIGTERM ends this call immediately, SIGINT after the running jobs.
        """
        self._work, self._sweep = work, sweep
        # Delete earlier wake-ups: the sweep sends them again, each only once.
        self._huey.storage.flush_queue()
        self._swept()
        Consumer(
            self._huey, workers=threads, initial_delay=POLL_S, max_delay=MAX_POLL_S, check_worker_health=True
        ).run()

    def _swept(self) -> None:
        self._sweep()

    def _run(self, _job_id: int) -> None:
        self._work()

    def close(self) -> None:
        self._huey.storage.close()


def _open(name: str, path: Path, address: str) -> Huey:
    options = {"serializer": _JsonSerializer(), "results": False}
    try:
        if not address:
            _drop_damaged(path)
            return SqliteHuey(name, filename=str(path), timeout=30, **options)
        _import_clients()
        if address.startswith(("redis://", "rediss://")):
            return RedisHuey(f"lampstand-{name}", url=address, **options)
        if address.startswith(("postgresql://", "postgres://")):
            return PostgresHuey(f"lampstand-{name}", dsn=address, **options)
    except ConfigurationError as error:
        raise QueueAddressInvalid(
            f"The queues at {address.rsplit('@', maxsplit=1)[-1]} need a library that is not installed.",
            remedy="Run `pip install 'lampstand[queues]'` to install the libraries for Redis and PostgreSQL.",
        ) from error
    raise QueueAddressInvalid(
        f"{address.rsplit('@', maxsplit=1)[-1]!r} is not a valid address of job queues.",
        remedy="Use `redis://host:6379/0` or `postgresql://user@host/name`, or leave it empty to use files in the data folder.",
    )


def _import_clients() -> None:
    """Import the clients of queue servers into the module of Huey that uses them, if they are installed."""
    with contextlib.suppress(ImportError):
        storage.psycopg = importlib.import_module("psycopg")
    with contextlib.suppress(ImportError):
        redis = importlib.import_module("redis")
        storage.ConnectionPool, storage.RedisStorage.redis_client = redis.ConnectionPool, redis.Redis
        storage.Redis = redis.Redis
        storage.ConnectionError, storage.TimeoutError = redis.ConnectionError, redis.TimeoutError


def _drop_damaged(path: Path) -> None:
    """Delete a queue's file if a power cut damaged it. Huey does not sync this file, and a sweep sends its messages again."""
    if not path.exists() or _is_intact(path):
        return
    with locked(path.with_name(f"{path.name}.lock")):
        # Another process may have replaced the file in the meantime.
        if path.exists() and not _is_intact(path):
            structlog.get_logger().warning("a damaged queue was rebuilt", path=str(path))
            for ending in ("-wal", "-shm", ""):
                path.with_name(path.name + ending).unlink(missing_ok=True)


def _is_intact(path: Path) -> bool:
    database = Database(path, ())
    try:
        return database.integrity() == "ok"
    finally:
        database.close()


def _not_a_consumer() -> None:
    raise RuntimeError("this process does not consume the queue, but got a message")
