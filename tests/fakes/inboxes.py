"""Jobs that people start, and the notifications in people's inboxes."""

import pytest
from fakes.accounts import NOW
from fakes.job_kinds import Labelled, done_by, kind_of

from appliance.community.accounts.person import Person
from appliance.community.notifications import operations, queries
from appliance.community.notifications.notification import OutsideAddress
from appliance.infrastructure.jobs.context import JobContext
from appliance.infrastructure.jobs.runner import run_job
from server.bootstrap import Appliance

K = kind_of("k")
SERVICES = frozenset({"json"})


def titles(appliance: Appliance, person: Person) -> list[str]:
    """The titles of a person's notifications, the newest first."""
    return [notification.title for notification in queries.inbox(appliance.appliance_db, person.id)]


def run_job_of(appliance: Appliance, title: str, started_by: str, error: Exception | None = None) -> None:
    """Run a job until it ends. If `error` is given, the job fails with this error."""

    def work(_context: JobContext, _arguments: Labelled) -> str:
        if error:
            raise error
        return "all of it"

    job = appliance.jobs.create(K, Labelled(title=title), started_by=started_by)
    if error:
        with pytest.raises(type(error)):
            run_job(appliance.jobs, done_by(K, work), None, job.id, working_folder=appliance.folder.working_folder)
    else:
        run_job(appliance.jobs, done_by(K, work), None, job.id, working_folder=appliance.folder.working_folder)


def set_outside_allowed(appliance: Appliance, *, allowed: bool = True) -> None:
    with appliance.appliance_db.write() as work:
        operations.set_outside_allowed(work, allowed=allowed, now=NOW)


def add_address(
    appliance: Appliance, person: Person, address: str, schemes: frozenset[str] = SERVICES
) -> OutsideAddress:
    with appliance.appliance_db.write() as work:
        return operations.add_address(work, person=person.id, address=address, schemes=schemes, now=NOW)


def announce(appliance: Appliance, leader: Person, *texts: str) -> None:
    """Put announcements of a leader into the inboxes of all other people."""
    appliance.feed.position()
    with appliance.appliance_db.write() as work:
        for text in texts:
            operations.announce(work, leader=leader.id, name=leader.name, text=text, now=NOW)
    appliance.feed.process_new_events()
