"""A kind of job: everything that is declared of it, in one place."""

import copy
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Generic, TypeVar

import msgspec

from appliance.errors import NotFound, Unavailable
from appliance.infrastructure.jobs.context import JobContext

LIBRARY, OCR, MEDIA = "library", "ocr", "media"
QUEUES = (LIBRARY, OCR, MEDIA)

Arguments = TypeVar("Arguments", bound=msgspec.Struct)
Parts = TypeVar("Parts")
PartsNeeded_contra = TypeVar("PartsNeeded_contra", contravariant=True)


class JobKindUnknown(NotFound):
    """No kind of job has this name, or this process does not know it."""


class NoArguments(msgspec.Struct, frozen=True):
    """The arguments of a kind that needs none."""


class JobKind(Generic[Arguments, PartsNeeded_contra]):
    """What jobs of a kind do and how they are treated.

    `function` does the work: it gets the job's context, the arguments, and the parts of the appliance that it needs. It
    returns the closing sentence, and may be run again at any time. `title` is what people see: a sentence, or a function
    that makes it of the arguments.
    `short` jobs take seconds, and may use the slot that their queue keeps for such. `heavy` ones need much memory: a worker
    runs each in a process of its own, which ends with the job. An error of a class in `retried` is passing: the job waits
    and is tried again, `tries` times in all; any other error ends it. A higher `priority` goes before.
    `daily_at` is the hour of this machine's time at which one is due each day. `on_request` kinds can be started by an
    administrator: by the API, on the page of jobs, and by `lampstand jobs start`. With `changes_library`, the library may
    need other jobs afterwards.
    """

    def __init__(
        self,
        name: str,
        function: Callable[[JobContext, Arguments, PartsNeeded_contra], str],
        *,
        title: str | Callable[[Arguments], str],
        arguments: type[Arguments] = NoArguments,  # type: ignore[assignment] # of most kinds
        queue: str = LIBRARY,
        short: bool = False,
        heavy: bool = False,
        retried: tuple[type[Exception], ...] = (Unavailable,),
        tries: int = 8,
        priority: int = 0,
        daily_at: int | None = None,
        on_request: bool = False,
        changes_library: bool = False,
    ) -> None:
        self.name, self.function, self.arguments = name, function, arguments
        self._title = title
        self.queue, self.short, self.heavy, self.priority = queue, short, heavy, priority
        self.retried, self.tries = retried, tries
        self.daily_at, self.on_request, self.changes_library = daily_at, on_request, changes_library

    def title_of(self, arguments: Arguments) -> str:
        """What people see of a job with these arguments."""
        return self._title if isinstance(self._title, str) else self._title(arguments)

    def with_function(
        self, function: Callable[[JobContext, Arguments, Any], str]
    ) -> "JobKind[Arguments, PartsNeeded_contra]":
        """The same kind, done by another function."""
        other = copy.copy(self)
        other.function = function
        return other

    def do(self, context: JobContext, parts: PartsNeeded_contra) -> str:
        """Do the job of a context; its closing sentence. Raises what the function raises."""
        return self.function(context, msgspec.convert(context.job.arguments, self.arguments), parts)


class JobKinds(Generic[PartsNeeded_contra]):
    """The kinds of job that a process knows; `PartsNeeded_contra` is a type that has all the parts their functions need."""

    def __init__(self, kinds: Iterable[JobKind[Any, PartsNeeded_contra]]) -> None:
        self._by_name = {kind.name: kind for kind in kinds}

    def __iter__(self) -> Iterator[JobKind[Any, PartsNeeded_contra]]:
        return iter(self._by_name.values())

    def named(self, name: str) -> JobKind[Any, PartsNeeded_contra]:
        """Raises JobKindUnknown."""
        if name not in self._by_name:
            raise JobKindUnknown(
                f"There is no kind of job {name[:40]!r}.", remedy=f"These can be started: {', '.join(self.on_request)}."
            )
        return self._by_name[name]

    def of_queue(self, queue: str) -> frozenset[str]:
        """The names of the kinds that go through a queue."""
        return frozenset(kind.name for kind in self if kind.queue == queue)

    @property
    def on_request(self) -> list[str]:
        """The names of the kinds that an administrator can start."""
        return [kind.name for kind in self if kind.on_request]

    def with_more(self: "JobKinds[Parts]", kinds: Iterable[JobKind[Any, Parts]]) -> "JobKinds[Parts]":
        """These kinds and others; another of the same name takes the place of the one that is here."""
        return JobKinds([*self, *kinds])
