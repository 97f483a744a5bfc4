"""Batches contain all items in order, and never wait longer than `gather_s`."""

import asyncio
from collections.abc import AsyncGenerator

import pytest

from server.http.batches import in_batches


async def numbers(count: int) -> AsyncGenerator[int, None]:
    for number in range(count):
        yield number


async def batches_of(items: AsyncGenerator[int, None], gather_s: float) -> list[list[int]]:
    return [batch async for batch in in_batches(items, gather_s)]


def test_simultaneous_items_are_one_batch() -> None:
    assert [list(range(100))] == asyncio.run(batches_of(numbers(100), 10))


def test_no_items_are_no_batch() -> None:
    assert [] == asyncio.run(batches_of(numbers(0), 10))


def test_a_batch_does_not_wait_for_a_late_item() -> None:
    async def run() -> None:
        late = asyncio.Event()

        async def items() -> AsyncGenerator[int, None]:
            yield 1
            yield 2
            await late.wait()
            yield 3

        batches = in_batches(items(), 0.02)
        assert [1, 2] == await anext(batches)
        late.set()
        assert [3] == await anext(batches)
        assert [] == [batch async for batch in batches]

    asyncio.run(asyncio.wait_for(run(), 10))


def test_a_stream_without_pauses_is_also_split_into_batches() -> None:
    async def run() -> None:
        async def items() -> AsyncGenerator[int, None]:
            while True:
                await asyncio.sleep(0)
                yield 1

        batches = in_batches(items(), 0.01)
        assert all([await anext(batches) for _ in range(3)])
        await batches.aclose()

    asyncio.run(asyncio.wait_for(run(), 10))


@pytest.mark.parametrize("gather_s", [0, 0.02, 10])
def test_an_error_is_raised_after_the_earlier_batches(gather_s: float) -> None:
    async def items() -> AsyncGenerator[int, None]:
        yield 1
        await asyncio.sleep(0.2)
        raise OSError("the disk is gone")

    async def run() -> None:
        batches = in_batches(items(), gather_s)
        assert [1] == await anext(batches)
        with pytest.raises(OSError, match="gone"):
            await anext(batches)

    asyncio.run(asyncio.wait_for(run(), 10))


@pytest.mark.parametrize("read", [0, 1], ids=["before the first batch", "while it waits for the next"])
def test_closing_the_batches_closes_the_items(read: int) -> None:
    closed = []

    async def items() -> AsyncGenerator[int, None]:
        try:
            yield 1
            await asyncio.Event().wait()
        finally:
            closed.append(True)

    async def run() -> None:
        batches = in_batches(items(), 0.01)
        waiting = asyncio.ensure_future(anext(batches))
        await asyncio.sleep(0)
        for _ in range(read):
            await waiting
            waiting = asyncio.ensure_future(anext(batches))
            await asyncio.sleep(0.02)
        waiting.cancel()
        await asyncio.wait({waiting})
        await batches.aclose()

    asyncio.run(asyncio.wait_for(run(), 10))

    assert [True] == closed
