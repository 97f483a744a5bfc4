"""Jobs as people have to do with them: which they see, may stop, and may begin."""

from pathlib import Path
from typing import Annotated, Literal

import msgspec

from appliance.community.accounts.permissions import Permission
from appliance.community.accounts.person import Identity, NotAllowed, Person
from appliance.community.notifications.jobs import DELIVER
from appliance.errors import Refused
from appliance.infrastructure.jobs.job import Job, JobNotFound
from server.bootstrap import Appliance
from server.http.access import may, sees

SWORD_MODULES = Path("/usr/share/sword")


class JobWishIncomplete(Refused):
    """Something that a job needs to know was not said."""


class ImportNotAllowed(NotAllowed):
    """A text is to be imported from where the browser's people have no business."""


class JobWish(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be begun: `import` takes a `location`, `pull` a `model`."""

    kind: Literal["import", "index", "graph", "pull", "backup"]
    location: Annotated[str, msgspec.Meta(max_length=1000)] = ""
    only: list[str] = []
    model: Annotated[str, msgspec.Meta(max_length=1000)] = ""


def begin(appliance: Appliance, me: Person, wish: JobWish) -> Job:
    """Make the job that an administrator wishes, and wake its queue.

    Raises ImportNotAllowed for a place that is neither the data folder's texts nor Debian's modules, or JobWishIncomplete.
    """
    if wish.kind == "import":
        location = _import_location(appliance, wish.location)
        job = appliance.create_import_job(str(location), wish.only, started_by=me.audience)
    elif wish.kind == "pull":
        if not wish.model.strip():
            raise JobWishIncomplete("Which model?", remedy="`lampstand models recommend` names those that fit.")
        job = appliance.create_pull_job(wish.model.strip(), started_by=me.audience)
    elif wish.kind == "index":
        job = appliance.create_index_job(started_by=me.audience)
    elif wish.kind == "graph":
        job = appliance.create_graph_job(started_by=me.audience)
    else:
        job = appliance.create_backup_job(started_by=me.audience)
    appliance.enqueue(job)
    return job


def _import_location(appliance: Appliance, given: str) -> Path:
    """The real path of what a browser names. Raises ImportNotAllowed for a place outside the folders it may name."""
    try:
        location = Path(given).resolve()
    except (OSError, ValueError, RuntimeError):
        # A NUL character, a name that no disk can hold, links in a circle.
        location = Path("/")
    if not any(location.is_relative_to(place) for place in (SWORD_MODULES, appliance.folder.texts.resolve())):
        raise ImportNotAllowed(
            f"From a browser, texts are imported from {SWORD_MODULES} and {appliance.folder.texts} only.",
            remedy="In the machine's shell, `lampstand library import` takes any place.",
        )
    return location


def repeatable_job(appliance: Appliance, who: Identity, job_id: int) -> Job:
    """A job that somebody may begin again: any for an administrator, a message of their own. Raises as `own_job` does."""
    job = own_job(appliance, who, job_id)
    if not may(who, Permission.ADMINISTER) and job.kind != DELIVER.name:
        raise NotAllowed("This work is an administrator's to begin.", remedy="Ask one of them.")
    return job


def seen_job(appliance: Appliance, who: Identity, job_id: int) -> Job:
    """A job that somebody may see. Raises JobNotFound, also where it is none of their business."""
    job = appliance.jobs.get(job_id)
    if not sees(who, job.audience):
        raise JobNotFound(f"There is no job {job_id} of yours.", remedy="Your jobs are on the page of jobs.")
    return job


def own_job(appliance: Appliance, who: Identity, job_id: int) -> Job:
    """A job that somebody may stop: their own, or any for an administrator. Raises NotAllowed, JobNotFound."""
    job = seen_job(appliance, who, job_id)
    if not may(who, Permission.ADMINISTER) and not (who.person and job.started_by == who.person.audience):
        raise NotAllowed("This job is not yours.", remedy="An administrator can stop it.")
    return job
