"""All kinds of jobs."""

from typing import Protocol

from appliance.community.notifications import jobs as notifications
from appliance.infrastructure import backup, cleanup
from appliance.infrastructure.jobs.kind import JobKinds
from appliance.scripture import jobs as scripture
from server import model_jobs


class JobParts(
    scripture.LibraryJobParts,
    model_jobs.DownloadParts,
    notifications.DeliveryParts,
    backup.BackupParts,
    cleanup.CleanupParts,
    Protocol,
):
    """All parts of an appliance that any kind of job needs."""


KINDS: JobKinds[JobParts] = JobKinds(
    (*scripture.KINDS, *model_jobs.KINDS, *notifications.KINDS, *backup.KINDS, *cleanup.KINDS)
)
