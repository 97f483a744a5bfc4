"""Thread pools by kind of work. Within a pool, callers take turns.

A call waits for earlier calls of the same caller, never for the whole queue of another caller. Slow work has its own
threads, so that a page never waits for slow work.
"""

import os
import sys
import threading
from collections import OrderedDict, deque
from collections.abc import Callable
from concurrent.futures import Executor, Future
from contextvars import ContextVar
from enum import StrEnum
from itertools import chain
from typing import Any, NamedTuple, ParamSpec, TypeVar, cast

from litestar.concurrency import set_asyncio_executor

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")

# The niceness of slow work and compression: other threads get the processor first.
NICENESS = 10
READ_THREADS, READ_SHARE = 6, 2
SEARCH_THREADS, SEARCH_SHARE = 6, 3
# Python's switch interval. A thread that reads a chapter can wait for busy threads about fifty times, once per database row.
# With Python's default of 5 ms, one busy thread would delay the chapter by a quarter of a second.
SWITCH_INTERVAL_S = 0.0005
SLOW_THREADS, SIGN_IN_THREADS, ANSWER_THREADS, COMPRESSION_THREADS = 2, 2, 2, 2


class Requester(NamedTuple):
    """The key under which a caller's requests are counted: a person, or an address of guests."""

    key: str
    is_person: bool


class Kind(StrEnum):
    """The kinds of work of route handlers. Each kind has its own threads."""

    READ = "read"
    # A search may wait for the embedding model.
    SEARCH = "search"
    # Password hashing takes time and memory by design.
    SIGN_IN = "sign-in"


KIND_OPTION = "threads"
SERVER = Requester("", is_person=False)
# The caller of the current request, and the kind of threads for its handler; `server/http/access.py` sets both.
REQUESTER: ContextVar[Requester] = ContextVar("requester", default=SERVER)
KIND: ContextVar[Kind] = ContextVar("kind", default=Kind.READ)


def in_threads_for(kind: Kind) -> dict[str, Any]:
    """Return the `opt` of a route whose handler runs in the threads of this kind. Other handlers have `Kind.READ`."""
    return {KIND_OPTION: kind}


class FairExecutor(Executor):
    """A fixed number of threads that serve callers in turn, with at most `share` simultaneous calls per caller."""

    def __init__(self, name: str, threads: int, share: int, niceness: int = 0) -> None:
        self._share, self._niceness = share, niceness
        self._waiting: OrderedDict[str, deque[tuple[Future[Any], Callable[[], None]]]] = OrderedDict()
        self._running: dict[str, int] = {}
        self._changed = threading.Condition()
        self._closed = False
        self._threads = [
            threading.Thread(target=self._serve, name=f"{name}-{number}", daemon=True) for number in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    def submit(
        self, fn: Callable[Parameters, Result], /, *args: Parameters.args, **kwargs: Parameters.kwargs
    ) -> Future[Result]:
        """Queue a call for the caller of the current request. Raises RuntimeError after `shutdown`."""
        future: Future[Result] = Future()

        def call() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                future.set_result(fn(*args, **kwargs))
            except BaseException as error:  # noqa: BLE001 - the future raises it in the waiting task
                future.set_exception(error)

        with self._changed:
            if self._closed:
                raise RuntimeError("The executor is shut down.")
            self._waiting.setdefault(REQUESTER.get().key, deque()).append((future, call))
            self._changed.notify()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: FBT001, FBT002 - as in Executor
        """Accept no more calls. Queued calls still run, unless they are cancelled."""
        with self._changed:
            self._closed = True
            if cancel_futures:
                for future, _call in chain.from_iterable(self._waiting.values()):
                    future.cancel()
                self._waiting.clear()
            self._changed.notify_all()
        if wait:
            for thread in self._threads:
                thread.join()

    def _serve(self) -> None:
        if self._niceness:
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), self._niceness)
        while True:
            with self._changed:
                while (caller := self._next_caller()) is None:
                    if self._closed and not self._waiting:
                        return
                    self._changed.wait()
                call = self._take(caller)
            call()
            # Release the memory of the call before the thread waits for the next one.
            del call
            # The end of one call allows at most one other call to start. This thread takes that call next.
            with self._changed:
                self._running[caller] -= 1
                if not self._running[caller]:
                    del self._running[caller]
                if self._closed:
                    self._changed.notify_all()

    def _next_caller(self) -> str | None:
        return next((caller for caller in self._waiting if self._running.get(caller, 0) < self._share), None)

    def _take(self, caller: str) -> Callable[[], None]:
        calls = self._waiting[caller]
        _future, call = calls.popleft()
        if calls:
            self._waiting.move_to_end(caller)
        else:
            del self._waiting[caller]
        self._running[caller] = self._running.get(caller, 0) + 1
        return call


class Threads(Executor):
    """All thread pools of the web server. As an executor, this class runs a route handler in the threads of its kind."""

    def __init__(self) -> None:
        self.reads = FairExecutor("reads", READ_THREADS, READ_SHARE)
        self.slow = FairExecutor("slow", SLOW_THREADS, 1, NICENESS)
        self.searches = FairExecutor("searches", SEARCH_THREADS, SEARCH_SHARE)
        self.sign_in = FairExecutor("sign-in", SIGN_IN_THREADS, 1)
        self.answers = FairExecutor("answers", ANSWER_THREADS, 1, NICENESS)
        self.compression = FairExecutor("compression", COMPRESSION_THREADS, 1, NICENESS)
        # Litestar's type hint names ThreadPoolExecutor, but it calls only `submit`.
        set_asyncio_executor(cast("Any", self))
        sys.setswitchinterval(SWITCH_INTERVAL_S)

    def submit(
        self, fn: Callable[Parameters, Result], /, *args: Parameters.args, **kwargs: Parameters.kwargs
    ) -> Future[Result]:
        """Queue a call in the threads of the current route's kind."""
        executors = {Kind.READ: self.reads, Kind.SEARCH: self.searches, Kind.SIGN_IN: self.sign_in}
        return executors[KIND.get()].submit(fn, *args, **kwargs)

    def close(self) -> None:
        """Drop waiting calls. Running calls finish."""
        for executor in (self.reads, self.searches, self.slow, self.sign_in, self.answers, self.compression):
            executor.shutdown(wait=False, cancel_futures=True)
