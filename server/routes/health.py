"""How the appliance is, and what it works on."""

import time
from typing import Annotated

import msgspec
from litestar import Controller, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from appliance import __version__
from appliance.infrastructure.jobs import Job
from appliance.scripture import queries
from appliance.scripture.search.index import IndexState
from server.bootstrap import Appliance


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """`status` is `ok`, or `preparing` while the library is empty or not yet searched by meaning."""

    status: str
    version: str
    translations: int
    index: IndexState


class JobView(msgspec.Struct, frozen=True, kw_only=True):
    """A job as people see it; `seconds_left` is an estimate or null."""

    id: int
    kind: str
    title: str
    state: str
    progress: float
    message: str
    seconds_left: float | None
    error: str | None
    created_at: float
    finished_at: float | None


class JobList(msgspec.Struct, frozen=True):
    jobs: list[JobView]


def view_job(job: Job) -> JobView:
    left = job.seconds_left(time.time())
    return JobView(
        id=job.id, kind=job.kind, title=job.title, state=job.state.value, progress=round(job.progress, 4),
        message=job.message, seconds_left=round(left, 1) if left is not None else None, error=job.error,
        created_at=job.created_at, finished_at=job.finished_at,
    )  # fmt: skip


class HealthController(Controller):
    path = "/health"
    tags = ("Appliance",)

    @get(sync_to_thread=True, summary="How the appliance is")
    def health(self, appliance: NamedDependency[Appliance]) -> Health:
        index = appliance.index_state()
        return Health(
            status="ok" if index.complete else "preparing", version=__version__, index=index,
            translations=len(queries.translations(appliance.library)),
        )  # fmt: skip


class JobController(Controller):
    path = "/jobs"
    tags = ("Jobs",)

    @get(sync_to_thread=True, summary="Jobs, newest first")
    def jobs(
        self,
        appliance: NamedDependency[Appliance],
        limit: Annotated[int, QueryParameter(ge=1, le=200, description="The most to list.")] = 50,
    ) -> JobList:
        return JobList([view_job(job) for job in appliance.jobs.latest(limit)])
