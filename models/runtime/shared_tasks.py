"""One task per key, shared by all callers that wait for the task's result."""

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from typing import Any, Generic, TypeVar

from models.errors import ModelUnavailable

Key = TypeVar("Key", bound=Hashable)
Result = TypeVar("Result")


class SharedTasks(Generic[Key, Result]):
    """Runs one task per key for simultaneous callers. If one caller is cancelled, the task still continues."""

    def __init__(self) -> None:
        self._tasks: dict[Key, asyncio.Task[Result]] = {}

    def __contains__(self, key: Key) -> bool:
        return key in self._tasks

    async def result(self, key: Key, work: Callable[[], Coroutine[Any, Any, Result]], *, if_cancelled: str) -> Result:
        """Return the result of the task of a key. If the key has no task, start a task with `work`.

        Raises the exceptions of the task, or ModelUnavailable with the message `if_cancelled` if the task was cancelled.
        """
        task = self._tasks.get(key)
        if task is None:
            task = self._tasks[key] = asyncio.create_task(work())
            task.add_done_callback(lambda _task: self._tasks.pop(key, None))
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            if task.cancelled():
                raise ModelUnavailable(if_cancelled) from None
            raise

    async def cancel(self, key: Key) -> bool:
        """Cancel the task of a key and wait until the task has ended. Returns False if the key has no task."""
        task = self._tasks.get(key)
        if task is None:
            return False
        task.cancel()
        await asyncio.wait([task])
        return True

    async def cancel_all(self) -> None:
        """Cancel all tasks and wait until they have ended."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
