"""Jobs as people have to do with them."""

from pathlib import Path

import msgspec
import pytest
from fakes.accounts import create_person

from appliance.community.accounts.permissions import Role
from appliance.community.accounts.person import Identity, NotAllowed, Person
from appliance.community.notifications.jobs import DELIVER, Delivery
from appliance.infrastructure.database import NO_ID
from appliance.infrastructure.jobs.job import JobNotFound, State
from appliance.scripture.jobs import GRAPH, INDEX
from server.bootstrap import Appliance
from server.job_desk import REQUEST_TYPES, ImportNotAllowed, JobDesk, JobRequest


def person(appliance: Appliance, name: str, role: Role) -> Person:
    return create_person(appliance.appliance_db, name, role)


@pytest.fixture
def desk(appliance: Appliance) -> JobDesk:
    return JobDesk(appliance.dispatcher, appliance.folder.texts)


@pytest.fixture
def anna(appliance: Appliance) -> Person:
    return person(appliance, "Anna", Role.ADMINISTRATOR)


@pytest.fixture
def ben(appliance: Appliance) -> Person:
    return person(appliance, "Ben", Role.MEMBER)


def request(**fields: object) -> JobRequest:
    return msgspec.convert(fields, REQUEST_TYPES[str(fields["kind"])])


def test_a_request_is_of_a_kind_that_an_administrator_can_start() -> None:
    assert {"import", "index", "graph", "pull", "backup"} == set(REQUEST_TYPES)


def test_a_page_offers_what_needs_no_arguments(desk: JobDesk) -> None:
    assert {"index", "graph", "backup"} == {name for name, _ in desk.startable()}
    assert ("graph", "Build the graph") in desk.startable()


def test_what_is_requested_is_started_in_the_name_of_who_requests_it(desk: JobDesk, anna: Person) -> None:
    job = desk.start(anna, request(kind="pull", model="tiny"))

    assert ("pull", "Fetch tiny", anna.audience) == (job.kind, job.title, job.started_by)
    assert {"model": "tiny", "name": "", "sha256": ""} == job.arguments


def test_a_request_without_what_its_kind_needs_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError):
        request(kind="pull", model="")
    with pytest.raises(msgspec.ValidationError):
        request(kind="import")


@pytest.mark.parametrize("location", ["/etc", "/usr/share/sword/../../../etc", "no\0name", "x" * 4096])
def test_a_browser_imports_from_the_folders_of_texts_only(desk: JobDesk, anna: Person, location: str) -> None:
    with pytest.raises(ImportNotAllowed, match="library import"):
        desk.start(anna, request(kind="import", location=location))


def test_a_text_of_the_data_folder_is_imported(desk: JobDesk, appliance: Appliance, anna: Person) -> None:
    file = appliance.folder.texts / "mark.usfm"
    job = desk.start(anna, request(kind="import", location=str(file), only=["b", "a"]))

    assert {"location": str(file.resolve()), "only": ["a", "b"]} == job.arguments


def test_a_link_out_of_the_folder_leads_nowhere(
    desk: JobDesk, appliance: Appliance, anna: Person, tmp_path: Path
) -> None:
    appliance.folder.texts.mkdir()
    (appliance.folder.texts / "link").symlink_to(tmp_path)

    with pytest.raises(ImportNotAllowed):
        desk.start(anna, request(kind="import", location=str(appliance.folder.texts / "link" / "mark.usfm")))


def test_members_see_the_work_of_the_machine_and_their_own(
    desk: JobDesk, appliance: Appliance, anna: Person, ben: Person
) -> None:
    of_the_machine = appliance.dispatcher.create(GRAPH)
    of_anna = appliance.dispatcher.create(INDEX, started_by=anna.audience)
    seen, _ = desk.latest(Identity(person=ben), 10, before=NO_ID)

    assert [of_the_machine.id] == [job.id for job in seen]
    with pytest.raises(JobNotFound, match="of yours"):
        desk.visible(Identity(person=ben), of_anna.id)
    assert 2 == len(desk.latest(Identity(person=anna), 10, before=NO_ID)[0])


def test_pages_go_on_after_jobs_that_are_not_seen(
    desk: JobDesk, appliance: Appliance, anna: Person, ben: Person
) -> None:
    oldest = appliance.dispatcher.create(GRAPH)
    hidden = appliance.dispatcher.create(INDEX, started_by=anna.audience)
    first, next_before = desk.latest(Identity(person=ben), 1, before=NO_ID)

    assert ([], hidden.id) == (first, next_before)
    assert [oldest.id] == [job.id for job in desk.latest(Identity(person=ben), 1, before=hidden.id)[0]]


def test_a_job_is_stopped_by_who_began_it_and_by_administrators(
    desk: JobDesk, appliance: Appliance, anna: Person, ben: Person
) -> None:
    of_the_machine = appliance.dispatcher.create(GRAPH)

    with pytest.raises(NotAllowed, match="not yours"):
        desk.cancel(Identity(person=ben), of_the_machine.id)
    assert State.CANCELLED is desk.cancel(Identity(person=anna), of_the_machine.id).state


def test_members_start_only_their_messages_again(
    desk: JobDesk, appliance: Appliance, anna: Person, ben: Person
) -> None:
    message = appliance.dispatcher.create(DELIVER, Delivery(notification=1, address=1), started_by=ben.audience)
    index = appliance.dispatcher.create(INDEX, started_by=ben.audience)
    for job in (message, index):
        desk.cancel(Identity(person=ben), job.id)

    assert "deliver" == desk.start_again(Identity(person=ben), ben, message.id).kind
    with pytest.raises(NotAllowed, match="administrator"):
        desk.start_again(Identity(person=ben), ben, index.id)
    assert anna.audience == desk.start_again(Identity(person=anna), anna, index.id).started_by
