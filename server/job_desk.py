"""Jobs as people have to do with them: which they see, may stop, and may start."""

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
    """A text is to be imported from where the browser's people have no business."""


def _request_type(kind: JobKind[Any, Any]) -> type[msgspec.Struct]:
    """The arguments of a kind, with its name in the field `kind`."""
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
        Union[tuple(REQUEST_TYPES.values())],  # noqa: UP007 - of as many types as there are kinds
        msgspec.Meta(description="A kind of job with its arguments."),
    ]


class JobDesk:
    """The jobs of one appliance for one caller at a time. `texts` is the folder that a browser may import from."""

    def __init__(self, dispatcher: Dispatcher[Any], texts: Path) -> None:
        self._dispatcher, self._texts = dispatcher, texts

    def latest(self, who: Identity, limit: int, *, before: int) -> tuple[list[Job], int | None]:
        """The newest of the jobs before one, without those that are none of the caller's business; where to go on."""
        jobs = self._dispatcher.jobs.latest(limit, before=before)
        visible = [job for job in jobs if sees(who, job.audience)]
        return visible, jobs[-1].id if len(jobs) == limit else None

    def startable(self) -> list[tuple[str, str]]:
        """The kinds that an administrator can start without saying more: their names and titles."""
        simple = [kind for kind in self._dispatcher.kinds if kind.on_request and kind.arguments is NoArguments]
        return [(kind.name, kind.title_of(NoArguments())) for kind in simple]

    def visible(self, who: Identity, job_id: int) -> Job:
        """Raises JobNotFound, also for a job that is none of the caller's business."""
        job = self._dispatcher.jobs.get(job_id)
        if not sees(who, job.audience):
            raise JobNotFound(f"There is no job {job_id} of yours.", remedy="Your jobs are on the page of jobs.")
        return job

    def start(self, me: Person, request: JobRequest) -> Job:
        """Start what an administrator requests. Raises ImportNotAllowed for a place outside the folders of texts."""
        kind = KINDS.named(str(type(request).__struct_config__.tag))
        arguments = msgspec.convert(msgspec.to_builtins(request), kind.arguments)
        if isinstance(arguments, ImportArguments):
            location = self._import_location(arguments.location)
            arguments = msgspec.structs.replace(arguments, location=str(location), only=sorted(arguments.only))
        return self._dispatcher.start(kind, arguments, started_by=me.audience)

    def start_again(self, who: Identity, me: Person, job_id: int) -> Job:
        """A new job for one that is over: any for an administrator, a message of their own for others.

        Raises NotAllowed, JobNotFound, and as `Dispatcher.start_again`.
        """
        job = self._own(who, job_id)
        if not may(who, Permission.ADMINISTER) and job.kind != DELIVER.name:
            raise NotAllowed("This work is an administrator's to begin.", remedy="Ask one of them.")
        return self._dispatcher.start_again(job_id, started_by=me.audience)

    def cancel(self, who: Identity, job_id: int) -> Job:
        """Stop a job: the caller's own, or any for an administrator. Raises NotAllowed, JobNotFound."""
        return self._dispatcher.jobs.cancel(self._own(who, job_id).id)

    def _own(self, who: Identity, job_id: int) -> Job:
        job = self.visible(who, job_id)
        if not may(who, Permission.ADMINISTER) and not (who.person and job.started_by == who.person.audience):
            raise NotAllowed("This job is not yours.", remedy="An administrator can stop it.")
        return job

    def _import_location(self, given: str) -> Path:
        """The real path of what a browser names. Raises ImportNotAllowed."""
        try:
            location = Path(given).resolve()
        except (OSError, ValueError, RuntimeError):
            # A NUL character, a name that no disk can hold, links in a circle.
            location = Path("/")
        if not any(location.is_relative_to(place) for place in (SWORD_MODULES, self._texts.resolve())):
            raise ImportNotAllowed(
                f"From a browser, texts are imported from {SWORD_MODULES} and {self._texts} only.",
                remedy="In the machine's shell, `lampstand library import` takes any place.",
            )
        return location
