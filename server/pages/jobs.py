"""The page of the work in the background. Its forms work without JavaScript."""

import time

from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Redirect, Template

from appliance.community.accounts import queries
from appliance.community.accounts.permissions import Permission
from appliance.community.accounts.person import Identity, Person
from appliance.infrastructure.jobs.job import view_job
from server.bootstrap import Appliance
from server.http.access import may, rule, sees
from server.job_desk import JobWish, begin, own_job, repeatable_job
from server.pages.account import go
from server.words import pause_in_words

JOBS_SHOWN = 60


class JobPagesController(Controller):
    path = "/jobs"
    include_in_schema = False
    opt = rule(Permission.READ)

    @get(sync_to_thread=True)
    def jobs(self, appliance: NamedDependency[Appliance], who: NamedDependency[Identity]) -> Template:
        now = time.time()
        names = {person.audience: person.name for person in queries.people(appliance.appliance_db)}
        return Template(
            "jobs.html",
            context={
                "jobs": [view_job(job, now) for job in appliance.jobs.latest(JOBS_SHOWN) if sees(who, job.audience)],
                "queues": appliance.queues.states(),
                "names": names,
                "pause_in_words": pause_in_words,
                "administers": may(who, Permission.ADMINISTER),
            },
        )

    @post(sync_to_thread=True, opt=rule(Permission.ADMINISTER))
    def create(
        self, appliance: NamedDependency[Appliance], me: NamedDependency[Person], data: URLEncodedBody[JobWish]
    ) -> Redirect:
        begin(appliance, me, data)
        return go("/jobs")

    @post("/queues/{queue:str}/pause", sync_to_thread=True, opt=rule(Permission.ADMINISTER))
    def pause(
        self,
        appliance: NamedDependency[Appliance],
        me: NamedDependency[Person],
        queue: FromPath[str],
        data: URLEncodedBody[dict[str, str]],
    ) -> Redirect:
        minutes = data.get("minutes", "")
        until = time.time() + int(minutes[:9]) * 60 if minutes.isdecimal() and int(minutes[:9]) else None
        appliance.queues.pause(queue, paused_by=me.name, reason=data.get("reason", "")[:200], until=until)
        return go("/jobs")

    @post("/queues/{queue:str}/resume", sync_to_thread=True, opt=rule(Permission.ADMINISTER))
    def resume(self, appliance: NamedDependency[Appliance], queue: FromPath[str]) -> Redirect:
        appliance.resume(queue)
        return go("/jobs")

    @post("/{job_id:int}/cancel", sync_to_thread=True, opt=rule(Permission.OWN))
    def cancel(
        self, appliance: NamedDependency[Appliance], who: NamedDependency[Identity], job_id: FromPath[int]
    ) -> Redirect:
        appliance.jobs.cancel(own_job(appliance, who, job_id).id)
        return go("/jobs")

    @post("/{job_id:int}/retry", sync_to_thread=True, opt=rule(Permission.OWN))
    def retry(
        self,
        appliance: NamedDependency[Appliance],
        who: NamedDependency[Identity],
        me: NamedDependency[Person],
        job_id: FromPath[int],
    ) -> Redirect:
        appliance.enqueue(appliance.begin_again(repeatable_job(appliance, who, job_id).id, started_by=me.audience))
        return go("/jobs")
