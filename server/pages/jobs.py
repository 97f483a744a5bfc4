"""The page of background jobs. Its forms work without JavaScript."""

from typing import Any

from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Redirect, Template

from appliance.community.accounts import queries
from appliance.community.accounts.permissions import Permission
from appliance.community.accounts.person import Identity, Person
from appliance.infrastructure.database import NO_ID, Database
from appliance.infrastructure.jobs.dispatcher import Dispatcher
from appliance.infrastructure.jobs.job import view_job
from server.http.access import may, rule
from server.http.forms import Form, go_to
from server.job_desk import JobDesk, JobRequest
from server.words import pause_in_words

MAX_JOBS = 60


class JobPagesController(Controller):
    path = "/jobs"
    include_in_schema = False
    opt = rule(Permission.READ)

    @get(sync_to_thread=True)
    def jobs(
        self,
        appliance_db: NamedDependency[Database],
        dispatcher: NamedDependency[Dispatcher[Any]],
        job_desk: NamedDependency[JobDesk],
        identity: NamedDependency[Identity],
        now: NamedDependency[float],
    ) -> Template:
        jobs, _ = job_desk.latest(identity, MAX_JOBS, before=NO_ID)
        names = {person.audience: person.name for person in queries.people(appliance_db)}
        return Template(
            "jobs.html",
            context={
                "jobs": [view_job(job, now) for job in jobs],
                "queues": dispatcher.queues.states(),
                "names": names,
                "pause_in_words": pause_in_words,
                "administers": may(identity, Permission.ADMINISTER),
                "startable": job_desk.startable(),
            },
        )

    @post(sync_to_thread=True, opt=rule(Permission.ADMINISTER))
    def create(
        self, job_desk: NamedDependency[JobDesk], me: NamedDependency[Person], data: URLEncodedBody[JobRequest]
    ) -> Redirect:
        job_desk.start(me, data)
        return go_to("/jobs")

    @post("/queues/{queue:str}/pause", sync_to_thread=True, opt=rule(Permission.ADMINISTER))
    def pause(
        self,
        dispatcher: NamedDependency[Dispatcher[Any]],
        me: NamedDependency[Person],
        now: NamedDependency[float],
        queue: FromPath[str],
        data: Form,
    ) -> Redirect:
        minutes = data.get("minutes", "")
        until = now + int(minutes[:9]) * 60 if minutes.isdecimal() and int(minutes[:9]) else None
        dispatcher.queues.pause(queue, paused_by=me.name, reason=data.get("reason", "")[:200], until=until)
        return go_to("/jobs")

    @post("/queues/{queue:str}/resume", sync_to_thread=True, opt=rule(Permission.ADMINISTER))
    def resume(self, dispatcher: NamedDependency[Dispatcher[Any]], queue: FromPath[str]) -> Redirect:
        dispatcher.resume(queue)
        return go_to("/jobs")

    @post("/{job_id:int}/cancel", sync_to_thread=True, opt=rule(Permission.MANAGE_ACCOUNT))
    def cancel(
        self, job_desk: NamedDependency[JobDesk], identity: NamedDependency[Identity], job_id: FromPath[int]
    ) -> Redirect:
        job_desk.cancel(identity, job_id)
        return go_to("/jobs")

    @post("/{job_id:int}/retry", sync_to_thread=True, opt=rule(Permission.MANAGE_ACCOUNT))
    def retry(
        self,
        job_desk: NamedDependency[JobDesk],
        identity: NamedDependency[Identity],
        me: NamedDependency[Person],
        job_id: FromPath[int],
    ) -> Redirect:
        job_desk.start_again(identity, me, job_id)
        return go_to("/jobs")
