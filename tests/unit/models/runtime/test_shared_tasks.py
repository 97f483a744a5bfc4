"""One task per key: callers share its result, its error and its end."""

import asyncio

import pytest

from models.errors import ModelUnavailable
from models.runtime.shared_tasks import SharedTasks

STOPPED = "It was stopped."


class Work:
    """Ends when it is told to, and counts how often it was begun."""

    def __init__(self) -> None:
        self.begun = 0
        self.go = asyncio.Event()
        self.error: Exception | None = None

    async def __call__(self) -> str:
        self.begun += 1
        await self.go.wait()
        if self.error:
            raise self.error
        return "done"


def ask(tasks: SharedTasks[str, str], work: Work, key: str = "a") -> asyncio.Task[str]:
    return asyncio.create_task(tasks.result(key, work, if_cancelled=STOPPED))


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def test_callers_of_one_key_share_one_task() -> None:
    async def scene() -> None:
        tasks, work, other = SharedTasks[str, str](), Work(), Work()
        callers = [ask(tasks, work), ask(tasks, work), ask(tasks, other, "b")]
        await settle()
        assert "a" in tasks
        work.go.set()
        other.go.set()

        assert ["done"] * 3 == await asyncio.gather(*callers)
        assert (1, 1) == (work.begun, other.begun)

    asyncio.run(scene())


def test_a_task_that_ended_is_begun_again_by_the_next_caller() -> None:
    async def scene() -> None:
        tasks, work = SharedTasks[str, str](), Work()
        work.go.set()
        await ask(tasks, work)
        await settle()
        assert "a" not in tasks
        await ask(tasks, work)

        assert 2 == work.begun

    asyncio.run(scene())


def test_an_error_reaches_every_caller() -> None:
    async def scene() -> list[object]:
        tasks, work = SharedTasks[str, str](), Work()
        work.error = ValueError("no")
        callers = [ask(tasks, work), ask(tasks, work)]
        await settle()
        work.go.set()
        return await asyncio.gather(*callers, return_exceptions=True)

    assert [ValueError, ValueError] == [type(outcome) for outcome in asyncio.run(scene())]


def test_a_caller_that_leaves_does_not_stop_the_others() -> None:
    async def scene() -> None:
        tasks, work = SharedTasks[str, str](), Work()
        leaving, staying = ask(tasks, work), ask(tasks, work)
        await settle()
        leaving.cancel()
        await settle()
        work.go.set()

        assert "done" == await staying
        assert leaving.cancelled()

    asyncio.run(scene())


@pytest.mark.parametrize("how", ["one", "all"])
def test_callers_of_a_cancelled_task_are_told_why(how: str) -> None:
    async def scene() -> None:
        tasks, work = SharedTasks[str, str](), Work()
        caller = ask(tasks, work)
        await settle()
        if how == "one":
            assert await tasks.cancel("a")
        else:
            await tasks.cancel_all()
        with pytest.raises(ModelUnavailable, match=STOPPED):
            await caller
        assert "a" not in tasks

    asyncio.run(scene())


def test_a_key_without_a_task_cannot_be_cancelled() -> None:
    assert not asyncio.run(SharedTasks[str, str]().cancel("a"))
