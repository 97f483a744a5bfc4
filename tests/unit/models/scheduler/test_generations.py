"""Generations of one device: one at a time, in order, whoever leaves."""

import asyncio
import contextlib

import pytest

from models.errors import QueueFull
from models.scheduler.fair_queue import Urgency
from models.scheduler.generations import GenerationLane


def lane(capacity: int = 100) -> GenerationLane:
    return GenerationLane("cpu", capacity=capacity)


async def generate(on: GenerationLane, user: str, log: list[str], places: list[int], end: asyncio.Event) -> None:
    async with on.hold(urgency=Urgency.INTERACTIVE, user=user, on_position=places.append):
        log.append(user)
        await end.wait()


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


def test_one_generates_at_a_time_and_those_who_wait_are_told_their_place() -> None:
    async def scene() -> tuple[list[str], list[list[int]]]:
        on, log, ends = lane(), list[str](), [asyncio.Event() for _ in range(3)]
        places: list[list[int]] = [[] for _ in range(3)]
        tasks = [asyncio.create_task(generate(on, name, log, places[i], ends[i])) for i, name in enumerate("abc")]
        await settle()
        for end in ends:
            end.set()
            await settle()
        await asyncio.gather(*tasks)
        return log, places

    log, places = asyncio.run(scene())

    assert ["a", "b", "c"] == log
    assert [] == places[0]
    assert 1 == places[1][-1]
    assert [2, 1] == list(dict.fromkeys(places[2]))


def test_one_who_leaves_makes_room_and_one_who_leaves_at_work_frees_the_lane() -> None:
    async def scene() -> list[str]:
        on, log, end = lane(), list[str](), asyncio.Event()
        tasks = [asyncio.create_task(generate(on, name, log, [], end)) for name in "abc"]
        await settle()
        tasks[1].cancel()
        tasks[0].cancel()
        await settle()
        end.set()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert 0 == len(on.queue)
        return log

    assert ["a", "c"] == asyncio.run(scene())


def test_a_turn_that_is_granted_to_one_who_leaves_at_that_moment_goes_on_to_the_next() -> None:
    async def scene() -> list[str]:
        on, log, first, end = lane(), list[str](), asyncio.Event(), asyncio.Event()
        one = asyncio.create_task(generate(on, "a", log, [], first))
        two = asyncio.create_task(generate(on, "b", log, [], end))
        await settle()
        three = asyncio.create_task(generate(on, "c", log, [], end))
        await settle()
        first.set()
        await asyncio.sleep(0)
        two.cancel()
        await settle()
        end.set()
        await asyncio.gather(one, two, three, return_exceptions=True)
        return log

    assert "c" in asyncio.run(scene())


def test_a_full_queue_refuses() -> None:
    async def scene() -> None:
        on, end = lane(capacity=1), asyncio.Event()
        tasks = [asyncio.create_task(generate(on, name, [], [], end)) for name in "ab"]
        await settle()
        with pytest.raises(QueueFull):
            await generate(on, "c", [], [], end)
        for task in tasks:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    asyncio.run(scene())
