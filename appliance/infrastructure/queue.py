"""Huey, met here only: a queue carries job ids as JSON, and a consumer is woken by them.

Huey deletes a task as it hands it out, so the jobs table is the truth: what a task says is that there is work, and the
consumer takes the job whose turn it is. A sweep at start and every minute takes back what the dead left.
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

# Huey imports the client of every server that is installed: 14 MB of each process, for nothing where the queues are files.
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
    """The setting `queues_address` names no queue that can be used."""


class QueueUnreachable(Unavailable):
    """What carries the queue, a file or a server, does not take a message."""


class _JsonSerializer(Serializer):  # type: ignore[misc] # huey is untyped
    """Messages as JSON: nothing in a queue's file can execute code."""

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
    """One queue, in a file of its own, or at an address: `redis://…` or `postgresql://…`. Raises QueueAddressInvalid."""

    def __init__(self, name: str, path: Path, address: str = "") -> None:
        self.name = name
        self._huey = _open(name, path, address)
        self._work: Callable[[], None] = _nobody_works
        self._sweep: Callable[[], None] = _nobody_works
        self._task = self._huey.task(name="work_on_job")(self._run)
        self._huey.periodic_task(crontab(), name="sweep")(self._swept)

    def wake(self, job_id: int, delay_s: float = 0.0) -> None:
        """Tell the consumers that there is work, now or after some seconds. Raises QueueUnreachable."""
        try:
            if delay_s:
                self._task.schedule(args=(job_id,), delay=delay_s)
            else:
                self._task(job_id)
        except Exception as error:
            # Whatever the library of the queue's server raises: all of it means the same here.
            raise QueueUnreachable(
                f"The queue {self.name} cannot be reached: {error}.",
                remedy="The job waits, and is found within a minute.",
            ) from error

    def consume(self, *, work: Callable[[], None], sweep: Callable[[], None], threads: int = 1) -> None:
        """Call `work` whenever there may be some, until this process is asked to end; `sweep` at start and every minute.

        `work` is called from several threads. SIGTERM ends at once, SIGINT after the jobs in hand.
        """
        self._work, self._sweep = work, sweep
        # What was said before is said anew by the sweep, once.
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
            remedy="`pip install 'lampstand[queues]'` brings those for Redis and PostgreSQL.",
        ) from error
    raise QueueAddressInvalid(
        f"{address.rsplit('@', maxsplit=1)[-1]!r} is no address of queues.",
        remedy="`redis://host:6379/0` or `postgresql://user@host/name` are, or nothing for files in the data folder.",
    )


def _import_clients() -> None:
    """Import the clients of queue servers into the module of Huey that uses them, each where it is installed."""
    with contextlib.suppress(ImportError):
        storage.psycopg = importlib.import_module("psycopg")
    with contextlib.suppress(ImportError):
        redis = importlib.import_module("redis")
        storage.ConnectionPool, storage.RedisStorage.redis_client = redis.ConnectionPool, redis.Redis
        storage.Redis = redis.Redis
        storage.ConnectionError, storage.TimeoutError = redis.ConnectionError, redis.TimeoutError


def _drop_damaged(path: Path) -> None:
    """Delete a queue's file that a power cut damaged: Huey does not sync it, and a sweep makes its messages again."""
    if not path.exists() or _is_whole(path):
        return
    with locked(path.with_name(f"{path.name}.lock")):
        # Another process may have replaced it by now.
        if path.exists() and not _is_whole(path):
            structlog.get_logger().warning("a damaged queue was rebuilt", path=str(path))
            for ending in ("-wal", "-shm", ""):
                path.with_name(path.name + ending).unlink(missing_ok=True)


def _is_whole(path: Path) -> bool:
    database = Database(path, ())
    try:
        return database.integrity() == "ok"
    finally:
        database.close()


def _nobody_works() -> None:
    raise RuntimeError("a process that does not consume was asked to work")
