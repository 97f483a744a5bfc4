"""Job kinds. A job kind declares what its jobs do and how they are run."""

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
    """This process knows no job kind with this name."""


class NoArguments(msgspec.Struct, frozen=True):
    """The arguments of a job kind that needs no arguments."""


class JobKind(Generic[Arguments, PartsNeeded_contra]):
    """A declaration of what jobs of one kind do and how they are run.

    `function` does the work. It gets the job's context, the arguments, and the parts of the appliance that it needs. It
    returns a closing message, and it can be run again at any time. `title` is what users see: a text, or a function that
    builds the title from the arguments. `prepare` normalises the arguments, so that equal jobs are recognised. It raises
    Refused for invalid arguments.
    `short` jobs take seconds, and can use the slot that their queue reserves for short jobs. `heavy` jobs need much memory:
    a worker runs each heavy job in a process of its own, which ends with the job. If `retried` contains the class of an
    error, the error is temporary: the job waits and is retried, up to `tries` attempts in total. Any other error ends the
    job. Jobs with a higher `priority` run first.
    `daily_at` is the hour, in this machine's time, at which a job is due each day. An administrator can start `on_request`
    kinds: with the API, on the page of jobs, and with `lampstand jobs start`. After a job of a kind with `changes_library`,
    Lampstand checks if derived data of the library must be rebuilt.
    """

    def __init__(
        self,
        name: str,
        function: Callable[[JobContext, Arguments, PartsNeeded_contra], str],
        *,
        title: str | Callable[[Arguments], str],
        arguments: type[Arguments] = NoArguments,  # type: ignore[assignment] # the default for most kinds
        prepare: Callable[[Arguments], Arguments] = lambda arguments: arguments,
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
        self.prepare, self._title = prepare, title
        self.queue, self.short, self.heavy, self.priority = queue, short, heavy, priority
        self.retried, self.tries = retried, tries
        self.daily_at, self.on_request, self.changes_library = daily_at, on_request, changes_library

    def title_of(self, arguments: Arguments) -> str:
        """Return the title of a job with these arguments."""
        return self._title if isinstance(self._title, str) else self._title(arguments)

    def with_function(
        self, function: Callable[[JobContext, Arguments, Any], str]
    ) -> "JobKind[Arguments, PartsNeeded_contra]":
        """Return a copy of this kind with another function."""
        kind = copy.copy(self)
        kind.function = function
        return kind

    def do(self, context: JobContext, parts: PartsNeeded_contra) -> str:
        """Run the job of a context and return the closing message. Raises the errors of `function`."""
        return self.function(context, msgspec.convert(context.job.arguments, self.arguments), parts)


class JobKinds(Generic[PartsNeeded_contra]):
    """The job kinds that a process knows. `PartsNeeded_contra` is a type that has all parts that the kinds' functions need."""

    def __init__(self, kinds: Iterable[JobKind[Any, PartsNeeded_contra]]) -> None:
        self._by_name = {kind.name: kind for kind in kinds}

    def __iter__(self) -> Iterator[JobKind[Any, PartsNeeded_contra]]:
        return iter(self._by_name.values())

    def named(self, name: str) -> JobKind[Any, PartsNeeded_contra]:
        """Raises JobKindUnknown."""
        if name not in self._by_name:
            raise JobKindUnknown(
                f"There is no job kind {name[:40]!r}.", remedy=f"You can start: {', '.join(self.on_request)}."
            )
        return self._by_name[name]

    def of_queue(self, queue: str) -> frozenset[str]:
        """Return the names of the kinds whose jobs go to a queue."""
        return frozenset(kind.name for kind in self if kind.queue == queue)

    @property
    def on_request(self) -> list[str]:
        """The names of the kinds that an administrator can start."""
        return [kind.name for kind in self if kind.on_request]

    def with_more(self: "JobKinds[Parts]", kinds: Iterable[JobKind[Any, Parts]]) -> "JobKinds[Parts]":
        """Return these kinds together with more kinds. A later kind replaces an earlier kind with the same name."""
        return JobKinds([*self, *kinds])
