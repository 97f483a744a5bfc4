"""A device runs a generation and passes at the same time."""

import asyncio
from collections.abc import Sequence
from typing import Any

from models.scheduler.device import Device, Lane
from models.scheduler.fair_queue import Urgency
from models.scheduler.passes import PassLimits, PassPart


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def generate(on: Device, user: str, end: asyncio.Event) -> None:
    async with on.generations.hold(urgency=Urgency.INTERACTIVE, user=user, on_position=lambda _position: None):
        await end.wait()


async def embed(on: Device, text: str, go: asyncio.Event) -> Any:
    async def run(payloads: Sequence[str]) -> list[str]:
        await go.wait()
        return [payload.upper() for payload in payloads]

    part = PassPart(text, text, 10, run, PassLimits(1, 100))
    return await on.passes.run_part(part, urgency=Urgency.INTERACTIVE, user="anna", admitted=False)


def test_passes_and_generations_run_at_the_same_time_and_have_separate_places() -> None:
    async def scene() -> None:
        on, end, go = Device("cpu", capacity=1), asyncio.Event(), asyncio.Event()
        tasks = [asyncio.create_task(generate(on, user, end)) for user in ("anna", "ben")]
        await settle()
        go.set()

        assert "TEXT" == await embed(on, "text", go)
        end.set()
        await asyncio.gather(*tasks)

    asyncio.run(scene())


def test_waiting_requests_are_counted_per_lane() -> None:
    async def scene() -> None:
        on, end, go = Device("cpu", capacity=100), asyncio.Event(), asyncio.Event()
        tasks = [asyncio.create_task(generate(on, user, end)) for user in ("anna", "ben", "cara")]
        tasks += [asyncio.create_task(embed(on, text, go)) for text in ("running", "waiting")]
        await settle()

        # One request of each lane is running.
        assert {Lane.GENERATION: 2, Lane.PASS: 1} == on.waiting()
        end.set()
        go.set()
        await asyncio.gather(*tasks)
        assert {Lane.GENERATION: 0, Lane.PASS: 0} == on.waiting()

    asyncio.run(scene())
