"""One task per key: callers share its result, its error and its cancellation."""

import asyncio

import pytest

from models.errors import ModelUnavailable
from models.runtime.shared_tasks import SharedTasks

STOPPED = "It was stopped."


class Work:
    """Ends on request, and counts scope often it was started."""

    def __init__(self) -> None:
        self.start_count = 0
        self.may_end = asyncio.Event()
        self.error: Exception | None = None

    async def __call__(self) -> str:
        self.start_count += 1
        await self.may_end.wait()
        if self.error:
            raise self.error
        return "done"


def call(tasks: SharedTasks[str, str], work: Work, key: str = "a") -> asyncio.Task[str]:
    return asyncio.create_task(tasks.result(key, work, if_cancelled=STOPPED))


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def test_callers_of_one_key_share_one_task() -> None:
    async def scene() -> None:
        tasks, work, other = SharedTasks[str, str](), Work(), Work()
        callers = [call(tasks, work), call(tasks, work), call(tasks, other, "b")]
        await settle()
        assert "a" in tasks
        work.may_end.set()
        other.may_end.set()

        assert ["done"] * 3 == await asyncio.gather(*callers)
        assert (1, 1) == (work.start_count, other.start_count)

    asyncio.run(scene())


def test_the_next_caller_starts_a_new_task_after_the_end() -> None:
    async def scene() -> None:
        tasks, work = SharedTasks[str, str](), Work()
        work.may_end.set()
        await call(tasks, work)
        await settle()
        assert "a" not in tasks
        await call(tasks, work)

        assert 2 == work.start_count

    asyncio.run(scene())


def test_an_error_reaches_every_caller() -> None:
    async def scene() -> list[object]:
        tasks, work = SharedTasks[str, str](), Work()
        work.error = ValueError("no")
        callers = [call(tasks, work), call(tasks, work)]
        await settle()
        work.may_end.set()
        return await asyncio.gather(*callers, return_exceptions=True)

    assert [ValueError, ValueError] == [type(outcome) for outcome in asyncio.run(scene())]


def test_a_cancelled_caller_does_not_stop_the_others() -> None:
    async def scene() -> None:
        tasks, work = SharedTasks[str, str](), Work()
        cancelled, other = call(tasks, work), call(tasks, work)
        await settle()
        cancelled.cancel()
        await settle()
        work.may_end.set()

        assert "done" == await other
        assert cancelled.cancelled()

    asyncio.run(scene())


@pytest.mark.parametrize("scope", ["one", "all"])
def test_callers_of_a_cancelled_task_get_the_reason(scope: str) -> None:
    async def scene() -> None:
        tasks, work = SharedTasks[str, str](), Work()
        caller = call(tasks, work)
        await settle()
        if scope == "one":
            assert await tasks.cancel("a")
        else:
            await tasks.cancel_all()
        with pytest.raises(ModelUnavailable, match=STOPPED):
            await caller
        assert "a" not in tasks

    asyncio.run(scene())


def test_a_key_without_a_task_cannot_be_cancelled() -> None:
    assert not asyncio.run(SharedTasks[str, str]().cancel("a"))
