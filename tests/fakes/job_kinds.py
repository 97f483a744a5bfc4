"""Job kinds for tests. Two jobs of one kind differ only in their label."""

from collections.abc import Callable
from typing import Any

import msgspec

from appliance.infrastructure.jobs.context import JobContext
from appliance.infrastructure.jobs.kind import JobKind, JobKinds


class Labelled(msgspec.Struct, frozen=True, kw_only=True):
    """The title of a job, and a label that distinguishes it from other jobs."""

    title: str = "T"
    label: str = ""


Function = Callable[[JobContext, Labelled], str]


def never(_context: JobContext, _arguments: msgspec.Struct, _parts: object) -> str:
    raise AssertionError("this job must not run here")


def kind_of(name: str, **options: Any) -> JobKind[Labelled, object]:
    """A job kind whose function must not be called. `options` are the options of `JobKind`."""
    return JobKind(name, never, title=lambda arguments: arguments.title, arguments=Labelled, **options)


def done_by(kind: JobKind[Labelled, object], function: Function) -> JobKinds[object]:
    """The job kinds of a process that knows only one kind. `function` does the jobs of this kind."""
    return JobKinds([kind.with_function(lambda context, arguments, _parts: function(context, arguments))])
