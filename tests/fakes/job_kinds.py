"""Kinds of jobs for tests, whose jobs differ by a label only."""

from collections.abc import Callable
from typing import Any

import msgspec

from appliance.infrastructure.jobs.context import JobContext
from appliance.infrastructure.jobs.kind import JobKind, JobKinds


class Labelled(msgspec.Struct, frozen=True, kw_only=True):
    """The title of a job, and a label that tells it apart."""

    title: str = "T"
    label: str = ""


Function = Callable[[JobContext, Labelled], str]


def never(_context: JobContext, _arguments: msgspec.Struct, _parts: object) -> str:
    raise AssertionError("this job is not done here")


def kind_of(name: str, **treatment: Any) -> JobKind[Labelled, object]:
    """A kind that nobody works on; `treatment` as of `JobKind`."""
    return JobKind(name, never, title=lambda arguments: arguments.title, arguments=Labelled, **treatment)


def done_by(kind: JobKind[Labelled, object], function: Function) -> JobKinds[object]:
    """The kinds of a process that does one kind by a function."""
    return JobKinds([kind.with_function(lambda context, arguments, _parts: function(context, arguments))])
