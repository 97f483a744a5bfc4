"""Jobs and their queues."""

from typing import Annotated, Any

import msgspec
from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from appliance.community.accounts.permissions import Permission
from appliance.community.accounts.person import Identity, Person
from appliance.infrastructure.database import NO_ID
from appliance.infrastructure.jobs.dispatcher import Dispatcher
from appliance.infrastructure.jobs.job import JobView, view_job
from appliance.infrastructure.jobs.queue_state import QueueState
from server.http.access import rule
from server.job_desk import JobDesk, JobRequest


class JobList(msgspec.Struct, frozen=True, kw_only=True):
    """Jobs, newest first. `next_before` is the cursor for the next page, with older jobs."""

    jobs: list[JobView]
    next_before: int | None


class QueueList(msgspec.Struct, frozen=True):
    queues: list[QueueState]


class PauseRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Why a queue is paused, and for how many minutes. Without `minutes`, the pause lasts until someone resumes the queue."""

    reason: Annotated[str, msgspec.Meta(max_length=200)] = ""
    minutes: Annotated[float, msgspec.Meta(gt=0, le=60 * 24 * 30)] | None = None


class JobController(Controller):
    path = "/jobs"
    tags = ("Jobs",)
    opt = rule(Permission.READ)

    @get(sync_to_thread=True, summary="Jobs, newest first")
    def jobs(
        self,
        job_desk: NamedDependency[JobDesk],
        identity: NamedDependency[Identity],
        now: NamedDependency[float],
        limit: Annotated[int, QueryParameter(ge=1, le=200, description="The maximum number of jobs.")] = 50,
        before: Annotated[
            int, QueryParameter(ge=1, le=NO_ID, description="`next_before` of the previous page.")
        ] = NO_ID,
    ) -> JobList:
        jobs, next_before = job_desk.latest(identity, limit, before=before)
        return JobList(
            jobs=[view_job(job, now) for job in jobs],
            next_before=next_before,
        )

    @post(sync_to_thread=True, opt=rule(Permission.ADMINISTER), summary="Start a job")
    def create(
        self,
        job_desk: NamedDependency[JobDesk],
        me: NamedDependency[Person],
        now: NamedDependency[float],
        data: JSONBody[JobRequest],
    ) -> JobView:
        return view_job(job_desk.start(me, data), now)

    @get("/{job_id:int}", sync_to_thread=True, summary="A job")
    def job(
        self,
        job_desk: NamedDependency[JobDesk],
        identity: NamedDependency[Identity],
        now: NamedDependency[float],
        job_id: FromPath[int],
    ) -> JobView:
        return view_job(job_desk.visible(identity, job_id), now)

    @post(
        "/{job_id:int}/cancel",
        status_code=200,
        sync_to_thread=True,
        opt=rule(Permission.MANAGE_ACCOUNT),
        summary="Cancel a job: your own, or any job as an administrator",
    )
    def cancel(
        self,
        job_desk: NamedDependency[JobDesk],
        identity: NamedDependency[Identity],
        now: NamedDependency[float],
        job_id: FromPath[int],
    ) -> JobView:
        return view_job(job_desk.cancel(identity, job_id), now)

    @post(
        "/{job_id:int}/retry",
        sync_to_thread=True,
        opt=rule(Permission.MANAGE_ACCOUNT),
        summary="Retry a job that has ended",
    )
    def retry(
        self,
        job_desk: NamedDependency[JobDesk],
        identity: NamedDependency[Identity],
        me: NamedDependency[Person],
        now: NamedDependency[float],
        job_id: FromPath[int],
    ) -> JobView:
        return view_job(job_desk.start_again(identity, me, job_id), now)


class QueueController(Controller):
    path = "/queues"
    tags = ("Jobs",)
    opt = rule(Permission.ADMINISTER)

    @get(sync_to_thread=True, summary="The queues: waiting jobs, running jobs, pauses")
    def queues(self, dispatcher: NamedDependency[Dispatcher[Any]]) -> QueueList:
        return QueueList(dispatcher.queues.states())

    @post("/{queue:str}/pause", status_code=200, sync_to_thread=True, summary="Pause a queue; running jobs finish")
    def pause(
        self,
        dispatcher: NamedDependency[Dispatcher[Any]],
        me: NamedDependency[Person],
        now: NamedDependency[float],
        queue: FromPath[str],
        data: JSONBody[PauseRequest],
    ) -> QueueState:
        until = now + data.minutes * 60 if data.minutes else None
        return dispatcher.queues.pause(queue, paused_by=me.name, reason=data.reason, until=until)

    @post("/{queue:str}/resume", status_code=200, sync_to_thread=True, summary="Resume a queue")
    def resume(self, dispatcher: NamedDependency[Dispatcher[Any]], queue: FromPath[str]) -> QueueState:
        return dispatcher.resume(queue)
