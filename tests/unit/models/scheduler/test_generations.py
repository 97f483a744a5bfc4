"""Generations of one device: one at a time, in order, also if requests are cancelled."""

import asyncio
import contextlib

import pytest

from models.errors import QueueFull
from models.scheduler.fair_queue import Urgency
from models.scheduler.generations import GenerationLane


def new_lane(capacity: int = 100) -> GenerationLane:
    return GenerationLane("cpu", capacity=capacity)


async def generate(lane: GenerationLane, user: str, log: list[str], positions: list[int], end: asyncio.Event) -> None:
    async with lane.hold(urgency=Urgency.INTERACTIVE, user=user, on_position=positions.append):
        log.append(user)
        await end.wait()


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


def test_one_generation_runs_at_a_time_and_waiting_requests_get_their_position() -> None:
    async def scene() -> tuple[list[str], list[list[int]]]:
        lane, log, ends = new_lane(), list[str](), [asyncio.Event() for _ in range(3)]
        positions: list[list[int]] = [[] for _ in range(3)]
        tasks = [asyncio.create_task(generate(lane, name, log, positions[i], ends[i])) for i, name in enumerate("abc")]
        await settle()
        for end in ends:
            end.set()
            await settle()
        await asyncio.gather(*tasks)
        return log, positions

    log, positions = asyncio.run(scene())

    assert ["a", "b", "c"] == log
    assert [] == positions[0]
    assert 1 == positions[1][-1]
    assert [2, 1] == list(dict.fromkeys(positions[2]))


def test_a_cancelled_request_frees_its_place_or_the_lane() -> None:
    async def scene() -> list[str]:
        lane, log, end = new_lane(), list[str](), asyncio.Event()
        tasks = [asyncio.create_task(generate(lane, name, log, [], end)) for name in "abc"]
        await settle()
        tasks[1].cancel()
        tasks[0].cancel()
        await settle()
        end.set()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert 0 == len(lane.queue)
        return log

    assert ["a", "c"] == asyncio.run(scene())


def test_a_turn_of_a_request_that_is_cancelled_at_that_moment_goes_to_the_next() -> None:
    async def scene() -> list[str]:
        lane, log, first, end = new_lane(), list[str](), asyncio.Event(), asyncio.Event()
        one = asyncio.create_task(generate(lane, "a", log, [], first))
        two = asyncio.create_task(generate(lane, "b", log, [], end))
        await settle()
        three = asyncio.create_task(generate(lane, "c", log, [], end))
        await settle()
        first.set()
        await asyncio.sleep(0)
        two.cancel()
        await settle()
        end.set()
        await asyncio.gather(one, two, three, return_exceptions=True)
        return log

    assert "c" in asyncio.run(scene())


def test_a_full_queue_rejects_requests() -> None:
    async def scene() -> None:
        lane, end = new_lane(capacity=1), asyncio.Event()
        tasks = [asyncio.create_task(generate(lane, name, [], [], end)) for name in "ab"]
        await settle()
        with pytest.raises(QueueFull):
            await generate(lane, "c", [], [], end)
        for task in tasks:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    asyncio.run(scene())
