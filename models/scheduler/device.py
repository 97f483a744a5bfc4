"""A device with two lanes of requests. Both lanes run at the same time, and each lane has its own queue."""

from collections.abc import Mapping
from enum import StrEnum

from models.scheduler.generations import GenerationLane
from models.scheduler.passes import PassLane


class Lane(StrEnum):
    """One lane generates text, for one request at a time. The other lane runs short passes over texts."""

    GENERATION = "generation"
    PASS = "pass"  # noqa: S105 - no secret, a pass over texts


class Device:
    """A device with its lanes. Each lane has `capacity` places per urgency. `name` is for messages."""

    def __init__(self, name: str, *, capacity: int) -> None:
        self.name, self.capacity = name, capacity
        self.generations = GenerationLane(name, capacity=capacity)
        self.passes = PassLane(name, capacity=capacity)

    def waiting(self) -> Mapping[Lane, int]:
        """Return the number of waiting requests per lane."""
        return {Lane.GENERATION: len(self.generations.queue), Lane.PASS: len(self.passes.queue)}

    async def close(self) -> None:
        """Cancel the running passes. Callers that wait for a pass get ModelUnavailable."""
        await self.passes.close()
