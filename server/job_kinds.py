"""Every kind of job that the workers know."""

from typing import Protocol

from appliance.community.notifications import jobs as notifications
from appliance.infrastructure import backup, tidying
from appliance.infrastructure.jobs.kind import JobKinds
from appliance.scripture import jobs as scripture
from server import model_jobs


class JobParts(
    scripture.LibraryJobParts,
    model_jobs.DownloadParts,
    notifications.DeliveryParts,
    backup.BackupParts,
    tidying.TidyingParts,
    Protocol,
):
    """The parts of an appliance that the kinds of jobs need, all together."""


KINDS: JobKinds[JobParts] = JobKinds(
    (*scripture.KINDS, *model_jobs.KINDS, *notifications.KINDS, *backup.KINDS, *tidying.KINDS)
)
