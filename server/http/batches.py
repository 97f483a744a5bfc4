"""Group the items of a stream into batches, so that a receiver gets fewer and larger messages."""

import asyncio
from collections.abc import AsyncGenerator
from typing import TypeVar

Item = TypeVar("Item")


async def in_batches(items: AsyncGenerator[Item, None], gather_s: float) -> AsyncGenerator[list[Item], None]:
    """Yield batches of the items, in order. A batch contains one item and the items that follow within `gather_s` seconds.

    Closing this generator closes `items`. If `items` raises an error, the items before the error are yielded first.
    """
    loop = asyncio.get_running_loop()
    batch: list[Item] = []
    batch_ends_at = 0.0
    pending = asyncio.ensure_future(anext(items, _END))
    try:
        while True:
            time_left_s = max(0.0, batch_ends_at - loop.time()) if batch else None
            if time_left_s != 0.0:
                await asyncio.wait({pending}, timeout=time_left_s)
            if batch and (time_left_s == 0.0 or not pending.done() or pending.exception()):
                yield batch
                batch = []
                continue
            item = pending.result()
            if isinstance(item, _Ended):
                break
            if not batch:
                batch_ends_at = loop.time() + gather_s
            batch.append(item)
            pending = asyncio.ensure_future(anext(items, _END))
        if batch:
            yield batch
    finally:
        pending.cancel()
        # The generator `items` cannot be closed while it runs.
        await asyncio.wait({pending})
        await items.aclose()


class _Ended:
    pass


_END = _Ended()
