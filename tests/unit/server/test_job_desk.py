"""The jobs that a caller may see, cancel and start."""

import os
from pathlib import Path

import msgspec
import pytest
from fakes.accounts import create_person

from appliance.community.accounts.permissions import Role
from appliance.community.accounts.person import Identity, NotAllowed, Person
from appliance.community.notifications.jobs import DELIVER, Delivery
from appliance.infrastructure.database import NO_ID
from appliance.infrastructure.jobs.job import JobNotFound, State
from appliance.scripture.jobs import GRAPH, INDEX, LocationNotText
from server.bootstrap import Appliance
from server.job_desk import REQUEST_TYPES, ImportNotAllowed, JobDesk, JobRequest
from server.model_jobs import ModelNotAdded


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


def test_request_types_are_the_kinds_that_an_administrator_can_start() -> None:
    assert {"import", "index", "graph", "download", "backup"} == set(REQUEST_TYPES)


def test_a_page_offers_the_kinds_without_arguments(desk: JobDesk) -> None:
    assert {"index", "graph", "backup"} == {name for name, _ in desk.startable()}
    assert ("graph", "Build the graph") in desk.startable()


def test_a_requested_job_belongs_to_the_person_who_requested_it(desk: JobDesk, anna: Person) -> None:
    job = desk.start(anna, request(kind="download", model="tiny"))

    assert ("download", "Download tiny", anna.audience) == (job.kind, job.title, job.started_by)
    assert {"model": "tiny", "name": "", "sha256": ""} == job.arguments


def test_a_request_without_required_arguments_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError):
        request(kind="import")


@pytest.mark.parametrize("location", ["/etc", "/usr/share/sword/../../../etc", "no\0name", "x" * 4096])
def test_a_browser_can_import_only_from_the_import_folders(desk: JobDesk, anna: Person, location: str) -> None:
    with pytest.raises(ImportNotAllowed, match="library import"):
        desk.start(anna, request(kind="import", location=location))


def test_a_file_in_the_data_folder_can_be_imported(desk: JobDesk, appliance: Appliance, anna: Person) -> None:
    file = appliance.folder.texts / "mark.usfm"
    job = desk.start(anna, request(kind="import", location=str(file), only=["b", "a"]))

    assert {"location": str(file.resolve()), "only": ["a", "b"]} == job.arguments


def test_a_link_to_a_file_outside_the_folder_is_refused(
    desk: JobDesk, appliance: Appliance, anna: Person, tmp_path: Path
) -> None:
    appliance.folder.texts.mkdir()
    (appliance.folder.texts / "link").symlink_to(tmp_path)

    with pytest.raises(ImportNotAllowed):
        desk.start(anna, request(kind="import", location=str(appliance.folder.texts / "link" / "mark.usfm")))


def test_a_link_to_a_name_that_is_not_utf_8_is_refused(desk: JobDesk, appliance: Appliance, anna: Person) -> None:
    appliance.folder.texts.mkdir()
    (appliance.folder.texts / "link").symlink_to(os.fsdecode(b"caf\xe9"))

    with pytest.raises(LocationNotText, match="UTF-8"):
        desk.start(anna, request(kind="import", location=str(appliance.folder.texts / "link")))


def test_spaces_around_the_name_of_a_model_are_removed(desk: JobDesk, anna: Person) -> None:
    assert "tiny" == desk.start(anna, request(kind="download", model=" tiny ")).arguments["model"]
    for blank in ("", "   "):
        with pytest.raises(ModelNotAdded, match="No model is given"):
            desk.start(anna, request(kind="download", model=blank))


def test_members_see_their_own_jobs_and_those_of_the_server(
    desk: JobDesk, appliance: Appliance, anna: Person, ben: Person
) -> None:
    server_job = appliance.dispatcher.create(GRAPH)
    annas_job = appliance.dispatcher.create(INDEX, started_by=anna.audience)
    visible, _ = desk.latest(Identity(person=ben), 10, before=NO_ID)

    assert [server_job.id] == [job.id for job in visible]
    with pytest.raises(JobNotFound, match="You have no job"):
        desk.visible(Identity(person=ben), annas_job.id)
    assert 2 == len(desk.latest(Identity(person=anna), 10, before=NO_ID)[0])


def test_the_next_page_continues_after_hidden_jobs(
    desk: JobDesk, appliance: Appliance, anna: Person, ben: Person
) -> None:
    oldest = appliance.dispatcher.create(GRAPH)
    hidden = appliance.dispatcher.create(INDEX, started_by=anna.audience)
    first, next_before = desk.latest(Identity(person=ben), 1, before=NO_ID)

    assert ([], hidden.id) == (first, next_before)
    assert [oldest.id] == [job.id for job in desk.latest(Identity(person=ben), 1, before=hidden.id)[0]]


def test_only_its_owner_and_administrators_can_cancel_a_job(
    desk: JobDesk, appliance: Appliance, anna: Person, ben: Person
) -> None:
    server_job = appliance.dispatcher.create(GRAPH)

    with pytest.raises(NotAllowed, match="not yours"):
        desk.cancel(Identity(person=ben), server_job.id)
    assert State.CANCELLED is desk.cancel(Identity(person=anna), server_job.id).state


def test_members_can_retry_only_their_own_messages(
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
