"""Jobs and their queues."""

import time
from typing import Annotated

import msgspec
from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from appliance.infrastructure.jobs.job import JobView, view_job
from appliance.infrastructure.jobs.ledger import NO_ID
from appliance.infrastructure.jobs.pauses import QueueState
from server.bootstrap import Appliance


class JobList(msgspec.Struct, frozen=True, kw_only=True):
    """Jobs, newest first; `next_before` gets the older ones."""

    jobs: list[JobView]
    next_before: int | None


class QueueList(msgspec.Struct, frozen=True):
    queues: list[QueueState]


class PauseWish(msgspec.Struct, frozen=True, kw_only=True):
    """Why a queue is to rest, and for how many minutes; without them, until it is resumed."""

    reason: Annotated[str, msgspec.Meta(max_length=200)] = ""
    minutes: Annotated[float, msgspec.Meta(gt=0, le=60 * 24 * 30)] | None = None


class JobController(Controller):
    path = "/jobs"
    tags = ("Jobs",)

    @get(sync_to_thread=True, summary="Jobs, newest first")
    def jobs(
        self,
        appliance: NamedDependency[Appliance],
        limit: Annotated[int, QueryParameter(ge=1, le=200, description="The most to list.")] = 50,
        before: Annotated[int, QueryParameter(ge=1, le=NO_ID, description="`next_before` of the page before.")] = NO_ID,
    ) -> JobList:
        found = appliance.jobs.latest(limit, before=before)
        now = time.time()
        return JobList(
            jobs=[view_job(job, now) for job in found],
            next_before=found[-1].id if len(found) == limit else None,
        )

    @get("/{job_id:int}", sync_to_thread=True, summary="A job")
    def job(self, appliance: NamedDependency[Appliance], job_id: FromPath[int]) -> JobView:
        return view_job(appliance.jobs.get(job_id), time.time())

    @post("/{job_id:int}/cancel", status_code=200, sync_to_thread=True, summary="Ask a job to stop")
    def cancel(self, appliance: NamedDependency[Appliance], job_id: FromPath[int]) -> JobView:
        return view_job(appliance.jobs.cancel(job_id), time.time())

    @post("/{job_id:int}/retry", status_code=201, sync_to_thread=True, summary="Begin a job anew that is over")
    def retry(self, appliance: NamedDependency[Appliance], job_id: FromPath[int]) -> JobView:
        job = appliance.begin_again(job_id)
        appliance.enqueue(job)
        return view_job(job, time.time())


class QueueController(Controller):
    path = "/queues"
    tags = ("Jobs",)

    @get(sync_to_thread=True, summary="The queues: what waits, what runs, which of them rest")
    def queues(self, appliance: NamedDependency[Appliance]) -> QueueList:
        return QueueList(appliance.queues.states())

    @post("/{queue:str}/pause", status_code=200, sync_to_thread=True, summary="Begin nothing new of a queue")
    def pause(
        self, appliance: NamedDependency[Appliance], queue: FromPath[str], data: JSONBody[PauseWish]
    ) -> QueueState:
        until = time.time() + data.minutes * 60 if data.minutes else None
        return appliance.queues.pause(queue, paused_by="", reason=data.reason, until=until)

    @post("/{queue:str}/resume", status_code=200, sync_to_thread=True, summary="Go on with a queue")
    def resume(self, appliance: NamedDependency[Appliance], queue: FromPath[str]) -> QueueState:
        return appliance.resume(queue)
