"""A device's two lanes of requests, which run at the same time and take no place from each other."""

from collections.abc import Mapping
from enum import StrEnum

from models.scheduler.generations import GenerationLane
from models.scheduler.passes import PassLane


class Lane(StrEnum):
    """One generation of text, and beside it short passes over texts."""

    GENERATION = "generation"
    PASS = "pass"  # noqa: S105 - no secret, a pass over texts


class Device:
    """A device with its lanes, each of which has `capacity` places per urgency. `name` is for people."""

    def __init__(self, name: str, *, capacity: int) -> None:
        self.name, self.capacity = name, capacity
        self.generations = GenerationLane(name, capacity=capacity)
        self.passes = PassLane(name, capacity=capacity)

    def waiting(self) -> Mapping[Lane, int]:
        """How many requests wait per lane."""
        return {Lane.GENERATION: len(self.generations.queue), Lane.PASS: len(self.passes.queue)}

    async def close(self) -> None:
        """End what runs; callers that wait for a pass get ModelUnavailable."""
        await self.passes.close()
