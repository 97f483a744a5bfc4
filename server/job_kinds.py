"""Every kind of job that the workers know."""

from typing import TYPE_CHECKING

from appliance.community.notifications import jobs as notifications
from appliance.infrastructure import backup, tidying
from appliance.infrastructure.jobs.kind import JobKinds
from appliance.scripture import jobs as scripture
from server import model_jobs

if TYPE_CHECKING:
    from server.bootstrap import Appliance

KINDS: "JobKinds[Appliance]" = JobKinds(
    (*scripture.KINDS, *model_jobs.KINDS, *notifications.KINDS, *backup.KINDS, *tidying.KINDS)
)
