"""How much one caller may have in progress at the same time.

Only work in progress counts: a caller that sends one request after another is never refused.
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
    """Under what a caller's work is counted: the person, or the device that a guest's address stands for."""
    if identity.person:
        return Requester(f"person {identity.person.id}", is_person=True)
    return Requester(f"device {OWN_LINKS.caller(address).device}", is_person=False)


class CountedRequest:
    """One thing in progress; it counts until `release`, or until nothing refers to it."""

    def __init__(self, counts: Counter[str], caller: str) -> None:
        self._counts, self._caller = counts, caller
        self._held = True
        counts[caller] += 1

    def release(self) -> None:
        """Count it no longer; to be called any number of times."""
        if self._held:
            self._held = False
            self._counts[self._caller] -= 1
            if not self._counts[self._caller]:
                del self._counts[self._caller]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.release()

    def __del__(self) -> None:
        # A stream whose client disconnects before its first byte is dropped without being started.
        self.release()


async def held(slot: CountedRequest, items: AsyncGenerator[Item, None]) -> AsyncGenerator[Item, None]:
    """The items of a stream, which counts as in progress until it ends or its client leaves."""
    with slot:
        async with contextlib.aclosing(items):
            async for item in items:
                yield item


class InProgress:
    """Counts what each caller has in progress. For the event loop only, not for several threads."""

    def __init__(self, sentence: str, retry_after_s: float) -> None:
        self._sentence, self._retry_after_s = sentence, retry_after_s
        self._counts: Counter[str] = Counter()

    def take(self, caller: str, most: int) -> CountedRequest:
        """Count one more for a caller. Raises TooManyRequests where it has `most` already."""
        if self._counts[caller] >= most:
            raise TooManyRequests(
                self._sentence.format(most=most),
                remedy=f"Try again in {self._retry_after_s:.0f} seconds.",
                retry_after_s=self._retry_after_s,
            )
        return CountedRequest(self._counts, caller)


class SlowRequests:
    """Runs slow requests in their own threads: two per person, eight for the guests of one address."""

    def __init__(self, threads: Threads) -> None:
        self._threads = threads
        self._in_progress = InProgress("You already have {most} slow requests in progress.", SLOW_RETRY_S)

    async def run(
        self, function: Callable[Parameters, Result], *args: Parameters.args, **kwargs: Parameters.kwargs
    ) -> Result:
        """The result of a slow function. Raises TooManyRequests, and what the function raises."""
        caller = REQUESTER.get()
        with self._in_progress.take(caller.key, SLOW_OF_PERSON if caller.is_person else SLOW_OF_ADDRESS):
            return await self._run_in(self._threads.slow, partial(function, *args, **kwargs))

    async def run_when(
        self,
        is_slow: bool,  # noqa: FBT001 - what the caller found out about the request
        function: Callable[Parameters, Result],
        *args: Parameters.args,
        **kwargs: Parameters.kwargs,
    ) -> Result:
        """The result of a function that is slow for some requests only; the others run as reads. Raises as `run`."""
        if is_slow:
            return await self.run(function, *args, **kwargs)
        return await self._run_in(self._threads.reads, partial(function, *args, **kwargs))

    async def _run_in(self, executor: Executor, call: Callable[[], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(executor, call)


class Streams:
    """Counts open event streams and WebSockets: 8 per browser session, 256 per API token and per address of guests."""

    def __init__(self) -> None:
        self._in_progress = InProgress("You already have {most} open event streams.", STREAM_RETRY_S)

    def take(self, identity: Identity, address: str) -> CountedRequest:
        """Count one more stream. Raises TooManyRequests."""
        if identity.session:
            caller, most = f"session {identity.session.id}", STREAMS_OF_SESSION
        elif identity.token:
            caller, most = f"token {identity.token}", STREAMS_OF_TOKEN
        else:
            caller, most = requester_of(identity, address).key, STREAMS_OF_ADDRESS
        return self._in_progress.take(caller, most)
