"""Limits on the requests that one caller has in progress at the same time.

Only requests in progress count: a caller that sends one request after another is never refused.
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import Executor
from functools import partial
from typing import ParamSpec, Self, TypeVar

from appliance.community.accounts.person import Identity
from appliance.errors import TooManyRequests
from appliance.infrastructure.networks import OWN_LINKS
from server.http.threads import REQUESTER, Requester, Threads

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")
Item = TypeVar("Item")

SLOW_OF_PERSON, SLOW_OF_ADDRESS = 2, 8
STREAMS_OF_SESSION, STREAMS_OF_TOKEN, STREAMS_OF_ADDRESS = 8, 256, 256
SLOW_RETRY_S, STREAM_RETRY_S = 2.0, 10.0


def requester_of(identity: Identity, address: str) -> Requester:
    """The key under which a caller's requests are counted: the person, or the device behind a guest's address."""
    if identity.person:
        return Requester(f"person {identity.person.id}", is_person=True)
    return Requester(f"device {OWN_LINKS.caller(address).device}", is_person=False)


class CountedRequest:
    """One request in progress. It counts until `release` is called, or until no code refers to this object."""

    def __init__(self, counts: Counter[str], caller: str) -> None:
        self._counts, self._caller = counts, caller
        self._is_counted = True
        counts[caller] += 1

    def release(self) -> None:
        """Stop counting the request. Further calls have no effect."""
        if self._is_counted:
            self._is_counted = False
            self._counts[self._caller] -= 1
            if not self._counts[self._caller]:
                del self._counts[self._caller]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.release()

    def __del__(self) -> None:
        # If the client disconnects before the first byte, the stream is dropped without being started.
        self.release()


async def held(slot: CountedRequest, items: AsyncGenerator[Item, None]) -> AsyncGenerator[Item, None]:
    """Yield the items of a stream. The stream counts as in progress until it ends or its client disconnects."""
    with slot:
        async with contextlib.aclosing(items):
            async for item in items:
                yield item


class InProgress:
    """Counts the requests in progress per caller. For the event loop only: it is not thread-safe."""

    def __init__(self, message: str, retry_after_s: float) -> None:
        self._message, self._retry_after_s = message, retry_after_s
        self._counts: Counter[str] = Counter()

    def take(self, caller: str, limit: int) -> CountedRequest:
        """Count one more request of a caller. Raises TooManyRequests if the caller already has `limit` requests in progress."""
        if self._counts[caller] >= limit:
            raise TooManyRequests(
                self._message.format(limit=limit),
                remedy=f"Try again in {self._retry_after_s:.0f} seconds.",
                retry_after_s=self._retry_after_s,
            )
        return CountedRequest(self._counts, caller)


class SlowRequests:
    """Runs slow requests in their own threads. A person can have two in progress, all guests of one address together eight."""

    def __init__(self, threads: Threads) -> None:
        self._threads = threads
        self._in_progress = InProgress("You already have {limit} slow requests in progress.", SLOW_RETRY_S)

    async def run(
        self, function: Callable[Parameters, Result], *args: Parameters.args, **kwargs: Parameters.kwargs
    ) -> Result:
        """Return the result of a slow function. Raises TooManyRequests, and the errors of the function."""
        caller = REQUESTER.get()
        with self._in_progress.take(caller.key, SLOW_OF_PERSON if caller.is_person else SLOW_OF_ADDRESS):
            return await self._run_in(self._threads.slow, partial(function, *args, **kwargs))

    async def run_when(
        self,
        is_slow: bool,  # noqa: FBT001 - a property of the request
        function: Callable[Parameters, Result],
        *args: Parameters.args,
        **kwargs: Parameters.kwargs,
    ) -> Result:
        """Run a function that is slow only for some requests. Fast calls run in the threads for reads. Raises as `run`."""
        if is_slow:
            return await self.run(function, *args, **kwargs)
        return await self._run_in(self._threads.reads, partial(function, *args, **kwargs))

    async def _run_in(self, executor: Executor, call: Callable[[], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(executor, call)


class Streams:
    """Counts open event streams and WebSockets. Limits: 8 per browser session, 256 per API token, 256 per guest address."""

    def __init__(self) -> None:
        self._in_progress = InProgress("You already have {limit} open event streams.", STREAM_RETRY_S)

    def take(self, identity: Identity, address: str) -> CountedRequest:
        """Count one more stream. Raises TooManyRequests if the caller already has too many streams."""
        if identity.session:
            caller, limit = f"session {identity.session.id}", STREAMS_OF_SESSION
        elif identity.token:
            caller, limit = f"token {identity.token}", STREAMS_OF_TOKEN
        else:
            caller, limit = requester_of(identity, address).key, STREAMS_OF_ADDRESS
        return self._in_progress.take(caller, limit)
