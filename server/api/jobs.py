"""Jobs and their queues."""

import time
from typing import Annotated

import msgspec
from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from appliance.community.accounts.permissions import Permission
from appliance.community.accounts.person import Identity, Person
from appliance.infrastructure.database import NO_ID
from appliance.infrastructure.jobs.job import JobView, view_job
from appliance.infrastructure.jobs.pauses import QueueState
from server.bootstrap import Appliance
from server.http.access import rule, sees
from server.job_desk import JobWish, begin, own_job, repeatable_job, seen_job


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
    opt = rule(Permission.READ)

    @get(sync_to_thread=True, summary="Jobs, newest first")
    def jobs(
        self,
        appliance: NamedDependency[Appliance],
        who: NamedDependency[Identity],
        limit: Annotated[int, QueryParameter(ge=1, le=200, description="The most to list.")] = 50,
        before: Annotated[int, QueryParameter(ge=1, le=NO_ID, description="`next_before` of the page before.")] = NO_ID,
    ) -> JobList:
        found = appliance.jobs.latest(limit, before=before)
        now = time.time()
        return JobList(
            jobs=[view_job(job, now) for job in found if sees(who, job.audience)],
            next_before=found[-1].id if len(found) == limit else None,
        )

    @post(
        sync_to_thread=True, opt=rule(Permission.ADMINISTER), summary="Begin a job: import, index, graph, pull, backup"
    )
    def create(
        self, appliance: NamedDependency[Appliance], me: NamedDependency[Person], data: JSONBody[JobWish]
    ) -> JobView:
        return view_job(begin(appliance, me, data), time.time())

    @get("/{job_id:int}", sync_to_thread=True, summary="A job")
    def job(
        self, appliance: NamedDependency[Appliance], who: NamedDependency[Identity], job_id: FromPath[int]
    ) -> JobView:
        return view_job(seen_job(appliance, who, job_id), time.time())

    @post(
        "/{job_id:int}/cancel",
        status_code=200,
        sync_to_thread=True,
        opt=rule(Permission.OWN),
        summary="Ask a job to stop, one's own or, as an administrator, any",
    )
    def cancel(
        self, appliance: NamedDependency[Appliance], who: NamedDependency[Identity], job_id: FromPath[int]
    ) -> JobView:
        return view_job(appliance.jobs.cancel(own_job(appliance, who, job_id).id), time.time())

    @post("/{job_id:int}/retry", sync_to_thread=True, opt=rule(Permission.OWN), summary="Begin a job anew that is over")
    def retry(
        self,
        appliance: NamedDependency[Appliance],
        who: NamedDependency[Identity],
        me: NamedDependency[Person],
        job_id: FromPath[int],
    ) -> JobView:
        job = appliance.begin_again(repeatable_job(appliance, who, job_id).id, started_by=me.audience)
        appliance.enqueue(job)
        return view_job(job, time.time())


class QueueController(Controller):
    path = "/queues"
    tags = ("Jobs",)
    opt = rule(Permission.ADMINISTER)

    @get(sync_to_thread=True, summary="The queues: what waits, what runs, which of them rest")
    def queues(self, appliance: NamedDependency[Appliance]) -> QueueList:
        return QueueList(appliance.queues.states())

    @post("/{queue:str}/pause", status_code=200, sync_to_thread=True, summary="Begin nothing new of a queue")
    def pause(
        self,
        appliance: NamedDependency[Appliance],
        me: NamedDependency[Person],
        queue: FromPath[str],
        data: JSONBody[PauseWish],
    ) -> QueueState:
        until = time.time() + data.minutes * 60 if data.minutes else None
        return appliance.queues.pause(queue, paused_by=me.name, reason=data.reason, until=until)

    @post("/{queue:str}/resume", status_code=200, sync_to_thread=True, summary="Go on with a queue")
    def resume(self, appliance: NamedDependency[Appliance], queue: FromPath[str]) -> QueueState:
        return appliance.resume(queue)
