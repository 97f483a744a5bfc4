"""What a route handler gets by the names of its parameters."""

import asyncio

import pytest
from fakes.small_site import Site, assert_refused
from litestar import get
from litestar.di import NamedDependency

from appliance.community.accounts.permissions import Permission, Role
from appliance.community.accounts.person import Identity, Person
from appliance.infrastructure.database import Database
from appliance.infrastructure.event_hub import EventHub
from appliance.infrastructure.paths import DataFolder
from appliance.study.operations import AnswerDesk
from server.bootstrap import Appliance
from server.dependencies import dependencies_of
from server.http.access import rule
from server.http.threads import Threads
from server.job_desk import JobDesk

OPEN = rule(Permission.PUBLIC, plain=True)


@get("/files", opt=OPEN)
async def files(
    library: NamedDependency[Database], appliance_db: NamedDependency[Database], folder: NamedDependency[DataFolder]
) -> list[str]:
    return [str(path.relative_to(folder.home)) for path in (library.path, appliance_db.path)]


@get("/now", opt=OPEN)
async def time_of_request(now: NamedDependency[float]) -> float:
    return now


@get("/who", opt=OPEN)
async def role_of_caller(identity: NamedDependency[Identity]) -> dict[str, Role]:
    return {"role": identity.role}


@get("/me", opt=OPEN)
async def own_name(me: NamedDependency[Person]) -> dict[str, str]:
    return {"name": me.name}


@get("/desks", opt=OPEN)
async def desks(
    desk: NamedDependency[AnswerDesk], hub: NamedDependency[EventHub], job_desk: NamedDependency[JobDesk]
) -> list[str]:
    return [type(part).__name__ for part in (desk, hub, job_desk)]


ROUTES = [files, time_of_request, role_of_caller, own_name, desks]


def test_a_handler_gets_the_databases_of_its_own_data_folder(empty_site: Site) -> None:
    assert ["library.db", "appliance.db"] == empty_site.guest.get("/files").json()


def test_the_time_is_read_for_each_request(empty_site: Site) -> None:
    first = empty_site.guest.get("/now").json()
    empty_site.clock.advance(60.0)

    assert 60.0 == empty_site.guest.get("/now").json() - first


def test_a_caller_may_be_a_guest(empty_site: Site) -> None:
    assert {"role": "guest"} == empty_site.guest.get("/who").json()
    assert {"role": "leader"} == empty_site.leader().get("/who").json()


def test_a_handler_for_a_person_refuses_guests(empty_site: Site) -> None:
    assert {"name": "Ben"} == empty_site.member().get("/me").json()
    assert_refused(empty_site.guest.get("/me"), 401, "Sign in to continue. Or join with a class code.")


def test_desks_and_events_are_those_of_the_running_application(empty_site: Site) -> None:
    assert ["AnswerDesk", "EventHub", "JobDesk"] == empty_site.guest.get("/desks").json()


@pytest.mark.parametrize("name", ["slow", "streams"])
def test_all_requests_share_the_counters_of_requests_in_progress(appliance: Appliance, name: str) -> None:
    threads = Threads()
    provide = dependencies_of(appliance, threads)[name]
    threads.close()

    async def twice() -> tuple[object, object]:
        return await provide(), await provide()

    first, second = asyncio.run(twice())
    assert first is second
