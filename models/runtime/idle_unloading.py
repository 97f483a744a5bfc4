"""Unload models that have been idle for the timeout of their role."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence

import msgspec
import structlog

from models.catalogue.model import Model
from models.errors import ModelError
from models.memory.eviction import ModelUse
from models.runtime.models_in_memory import ModelsInMemory
from models.settings import RuntimeSettings

_log = structlog.get_logger()


class IdleEnd(msgspec.Struct, frozen=True):
    """The end of a model's idle timeout, in seconds since 1970."""

    at: float
    name: str


def next_idle_end(loaded: Sequence[ModelUse], settings: RuntimeSettings) -> IdleEnd | None:
    """Return the idle timeout that ends first; None if no loaded model has an idle timeout at present."""
    ends = [
        IdleEnd(use.last_used + timeout_s, use.placed.model.id)
        for use in loaded
        if not use.in_use and not use.pinned and (timeout_s := settings.role(use.placed.model.role).idle_unload_s)
    ]
    return min(ends, key=lambda end: end.at, default=None)


class IdleUnloader:
    """Unloads the idle models of one runtime."""

    def __init__(
        self, settings: RuntimeSettings, in_memory: ModelsInMemory, is_pinned: Callable[[Model], bool]
    ) -> None:
        self._settings, self._in_memory, self._is_pinned = settings, in_memory, is_pinned

    async def run(self) -> None:
        """Unload each model when its idle timeout ends. Runs until it is cancelled."""
        while True:
            change = self._in_memory.next_change()
            end = self._next_end()
            now = time.time()
            if end is not None and end.at <= now:
                _log.info("unloading an idle model", model=end.name)
                await self._in_memory.unload(end.name)
                continue
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(None if end is None else end.at - now):
                    await change.wait()

    def _next_end(self) -> IdleEnd | None:
        try:
            return next_idle_end(self._in_memory.uses(self._is_pinned), self._settings)
        except ModelError as error:
            # For example, the list of pinned models cannot be read. Any model may be pinned, so no model is unloaded.
            _log.exception("cannot look for idle models", reason=error.message)
            return None
