"""One task per key, among all who wait for its result."""

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from typing import Any, Generic, TypeVar

from models.errors import ModelUnavailable

Key = TypeVar("Key", bound=Hashable)
Result = TypeVar("Result")


class SharedTasks(Generic[Key, Result]):
    """Runs the work of a key once for callers that come at the same time. A caller that leaves does not stop it."""

    def __init__(self) -> None:
        self._tasks: dict[Key, asyncio.Task[Result]] = {}

    def __contains__(self, key: Key) -> bool:
        return key in self._tasks

    async def result(self, key: Key, work: Callable[[], Coroutine[Any, Any, Result]], *, if_cancelled: str) -> Result:
        """What the task of a key returns or raises; `work` starts it if there is none.

        Raises ModelUnavailable with the message `if_cancelled` where the task itself was cancelled.
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
        """Cancel the task of a key and wait for its end. False if there is none."""
        task = self._tasks.get(key)
        if task is None:
            return False
        task.cancel()
        await asyncio.wait([task])
        return True

    async def cancel_all(self) -> None:
        """Cancel every task and wait for their ends."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
