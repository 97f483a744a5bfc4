"""Jobs and permissions: the jobs that a caller may see, cancel and start."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Union

import msgspec

from appliance.community.accounts.permissions import Permission
from appliance.community.accounts.person import Identity, NotAllowed, Person
from appliance.community.notifications.jobs import DELIVER
from appliance.infrastructure.jobs.dispatcher import Dispatcher
from appliance.infrastructure.jobs.job import Job, JobNotFound
from appliance.infrastructure.jobs.kind import JobKind, NoArguments
from appliance.scripture.jobs import ImportArguments
from server.http.access import may, sees
from server.job_kinds import KINDS

SWORD_MODULES = Path("/usr/share/sword")
KIND = "kind"


class ImportNotAllowed(NotAllowed):
    """A browser may not import from this path."""


def _request_type(kind: JobKind[Any, Any]) -> type[msgspec.Struct]:
    """Create the request type for a kind of job: its arguments, and its name in the field `kind`."""
    doc = {"__doc__": f"{kind.arguments.__doc__}", "__module__": __name__}
    name = f"{kind.name.title()}Job"
    return msgspec.defstruct(
        name, [], bases=(kind.arguments,), namespace=doc, tag_field=KIND, tag=kind.name, frozen=True, kw_only=True
    )


REQUEST_TYPES = {kind.name: _request_type(kind) for kind in KINDS if kind.on_request}
if TYPE_CHECKING:
    JobRequest = msgspec.Struct
else:
    JobRequest = Annotated[
        Union[tuple(REQUEST_TYPES.values())],  # noqa: UP007 - the number of types is not fixed
        msgspec.Meta(description="A kind of job with its arguments."),
    ]


class JobDesk:
    """Access to the jobs of an appliance. `texts` is the folder from which a browser may import."""

    def __init__(self, dispatcher: Dispatcher[Any], texts: Path) -> None:
        self._dispatcher, self._texts = dispatcher, texts

    def latest(self, identity: Identity, limit: int, *, before: int) -> tuple[list[Job], int | None]:
        """The newest jobs with an id below `before` that the caller may see, and the value of `before` for the next page."""
        jobs = self._dispatcher.jobs.latest(limit, before=before)
        visible = [job for job in jobs if sees(identity, job.audience)]
        return visible, jobs[-1].id if len(jobs) == limit else None

    def startable(self) -> list[tuple[str, str]]:
        """The names and titles of the kinds of jobs that need no arguments."""
        simple = [kind for kind in self._dispatcher.kinds if kind.on_request and kind.arguments is NoArguments]
        return [(kind.name, kind.title_of(NoArguments())) for kind in simple]

    def visible(self, identity: Identity, job_id: int) -> Job:
        """Return a job. Raises JobNotFound, also for a job that the caller may not see."""
        job = self._dispatcher.jobs.get(job_id)
        if not sees(identity, job.audience):
            raise JobNotFound(f"You have no job {job_id}.", remedy="The page Jobs lists your jobs.")
        return job

    def start(self, me: Person, request: JobRequest) -> Job:
        """Start a job for an administrator.

        Raises ImportNotAllowed for a path outside the import folders, and the errors of the kind's `prepare`.
        """
        kind = KINDS.named(str(type(request).__struct_config__.tag))
        arguments = msgspec.convert(msgspec.to_builtins(request), kind.arguments)
        if isinstance(arguments, ImportArguments):
            location = self._import_location(arguments.location)
            arguments = msgspec.structs.replace(arguments, location=str(location))
        return self._dispatcher.start(kind, arguments, started_by=me.audience)

    def start_again(self, identity: Identity, me: Person, job_id: int) -> Job:
        """Retry an ended job. An administrator may retry any job, other people only the delivery of their own messages.

        Raises NotAllowed, JobNotFound, and the errors of `Dispatcher.start_again`.
        """
        job = self._own(identity, job_id)
        if not may(identity, Permission.ADMINISTER) and job.kind != DELIVER.name:
            raise NotAllowed("Only administrators can start this job.", remedy="Ask an administrator.")
        return self._dispatcher.start_again(job_id, started_by=me.audience)

    def cancel(self, identity: Identity, job_id: int) -> Job:
        """Cancel a job: the caller's own, or any job for an administrator. Raises NotAllowed, JobNotFound."""
        return self._dispatcher.jobs.cancel(self._own(identity, job_id).id)

    def _own(self, identity: Identity, job_id: int) -> Job:
        job = self.visible(identity, job_id)
        if not may(identity, Permission.ADMINISTER) and not (
            identity.person and job.started_by == identity.person.audience
        ):
            raise NotAllowed("This job is not yours.", remedy="An administrator can cancel it.")
        return job

    def _import_location(self, path: str) -> Path:
        """Resolve a path that a browser sent. Raises ImportNotAllowed."""
        try:
            location = Path(path).resolve()
        except (OSError, ValueError, RuntimeError):
            # The path has a NUL character, a name that is too long, or circular links.
            location = Path("/")
        if not any(location.is_relative_to(folder) for folder in (SWORD_MODULES, self._texts.resolve())):
            raise ImportNotAllowed(
                f"A browser can import only from {SWORD_MODULES} and {self._texts}.",
                remedy="On the command line, `lampstand library import` accepts any path.",
            )
        return location
