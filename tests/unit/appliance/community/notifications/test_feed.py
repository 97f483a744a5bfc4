"""People are told what concerns them, once, as they wish."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from fakes.job_kinds import Labelled, done_by, kind_of

from appliance.community.accounts.operations import people, site_setup
from appliance.community.accounts.permissions import Role
from appliance.community.accounts.person import Person
from appliance.community.notifications import operations, queries, store
from appliance.community.notifications.feed import Feed
from appliance.community.notifications.jobs import DELIVER
from appliance.community.notifications.notification import (
    AddressRefused,
    AnnouncementRefused,
    NotificationKind,
    OutsideForbidden,
    Preference,
)
from appliance.errors import Refused
from appliance.infrastructure.events import append_event
from appliance.infrastructure.jobs.job import State
from appliance.infrastructure.jobs.leases import this_process
from appliance.infrastructure.jobs.runner import run_job, work_on
from appliance.infrastructure.messenger import ParameterRefused
from appliance.study.events import AnswerReady
from server.bootstrap import Appliance, open_appliance
from server.job_kinds import KINDS

K = kind_of("k")
PASSWORD = "seven green lamps burn"
SERVICES = frozenset({"json"})


@pytest.fixture
def appliance(tmp_path: Path) -> Iterator[Appliance]:
    """A house that knows the service of the tests."""
    opened = open_appliance(tmp_path / "home", notification_services="json,tgram")
    yield opened
    opened.close()


@pytest.fixture
def anna(appliance: Appliance) -> Person:
    person = site_setup.create_administrator(appliance.appliance_db, name="Anna", password=PASSWORD)
    appliance.feed.position()
    return person


@pytest.fixture
def ben(appliance: Appliance, anna: Person) -> Person:
    return people.create(appliance.appliance_db, name="Ben", login="ben", password=PASSWORD, role=Role.MEMBER)


def titles(appliance: Appliance, person: Person) -> list[str]:
    return [each.title for each in queries.inbox(appliance.appliance_db, person.id)]


def run(appliance: Appliance, title: str, started_by: str, error: Exception | None = None) -> None:
    def work(_context, _arguments) -> str:
        if error:
            raise error
        return "all of it"

    job = appliance.jobs.create(K, Labelled(title=title), started_by=started_by)
    if error:
        with pytest.raises(type(error)):
            run_job(appliance.jobs, done_by(K, work), None, job.id, workshop=appliance.folder.workshop)
    else:
        run_job(appliance.jobs, done_by(K, work), None, job.id, workshop=appliance.folder.workshop)


def test_who_began_a_job_is_told_how_it_ended(appliance: Appliance, anna: Person, ben: Person) -> None:
    run(appliance, "Index", ben.audience)
    run(appliance, "Import", ben.audience, Refused("No Bible.", remedy="Bring another file."))
    appliance.feed.read_on()
    failed, done = queries.inbox(appliance.appliance_db, ben.id)

    assert ("Index: done", "all of it", NotificationKind.JOB_DONE) == (done.title, done.text, done.kind)
    assert ("Import: failed", "No Bible. Bring another file.") == (failed.title, failed.text)
    assert failed.link.startswith("/jobs#job-")
    assert 2 == queries.unread(appliance.appliance_db, ben.id)
    assert [] == titles(appliance, anna)


def test_administrators_hear_of_the_machines_own_failures_only(appliance: Appliance, anna: Person, ben: Person) -> None:
    run(appliance, "Back up", "")
    run(appliance, "Check", "", Refused("It is damaged."))
    appliance.feed.read_on()

    assert (["Check: failed"], []) == (titles(appliance, anna), titles(appliance, ben))


def test_everyone_but_the_leader_hears_an_announcement(appliance: Appliance, anna: Person, ben: Person) -> None:
    operations.announce(appliance.appliance_db, leader=anna.id, name="Anna", text=" We begin at seven. ")
    appliance.feed.read_on()

    assert [] == titles(appliance, anna)
    assert ["We begin at seven."] == [each.text for each in queries.inbox(appliance.appliance_db, ben.id)]
    for text in ("", "x" * 1001):
        with pytest.raises(AnnouncementRefused):
            operations.announce(appliance.appliance_db, leader=anna.id, name="Anna", text=text)


def test_who_did_not_wait_hears_that_the_answer_is_ready(appliance: Appliance, ben: Person) -> None:
    with appliance.appliance_db.write() as work:
        append_event(work, AnswerReady(message="m1", asked_by=ben.id, question="What is love?"), ben.audience)
    appliance.feed.read_on()

    assert [("What is love?", "/ask/m1")] == [
        (each.title, each.link) for each in queries.inbox(appliance.appliance_db, ben.id)
    ]


def test_an_event_is_told_once_whoever_reads_on(appliance: Appliance, ben: Person) -> None:
    run(appliance, "Index", ben.audience)
    for _ in range(2):
        appliance.feed.read_on()
        Feed(appliance.appliance_db, appliance.events, appliance.jobs).read_on()

    assert ["Index: done"] == titles(appliance, ben)


def test_one_is_not_told_what_one_does_not_want_to_hear(appliance: Appliance, ben: Person) -> None:
    operations.prefer(
        appliance.appliance_db, person=ben.id, preference=Preference(kind=NotificationKind.JOB_DONE, inbox=False)
    )
    run(appliance, "Index", ben.audience)
    run(appliance, "Import", ben.audience, Refused("No Bible."))
    appliance.feed.read_on()

    assert ["Import: failed"] == titles(appliance, ben)


def test_what_was_read_is_no_longer_counted(appliance: Appliance, ben: Person) -> None:
    for number in range(3):
        run(appliance, f"Job {number}", ben.audience)
    appliance.feed.read_on()
    newest = queries.inbox(appliance.appliance_db, ben.id)[0]

    assert 2 == operations.mark_read(appliance.appliance_db, person=ben.id, notification=newest.id)
    assert 2 == operations.mark_read(appliance.appliance_db, person=ben.id + 1, notification=newest.id - 1) + 2
    run(appliance, "Job 3", ben.audience)
    appliance.feed.read_on()
    assert 1 == operations.mark_all_read(appliance.appliance_db, person=ben.id, until=newest.id)
    assert ["Job 3: done"] == [each.title for each in queries.inbox(appliance.appliance_db, ben.id, unread_only=True)]


class Receiver:
    """A service outside: it takes messages, or refuses the first ones."""

    def __init__(self) -> None:
        self.got: list[dict] = []
        self.refuse = 0
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                refused = receiver.refuse > 0
                receiver.refuse -= refused
                if not refused:
                    receiver.got.append(body)
                self.send_response(503 if refused else 200)
                self.end_headers()

            def log_message(self, *_arguments) -> None: ...

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"json://127.0.0.1:{self.server.server_port}/secret-topic"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True)
        self.thread.start()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.server.shutdown()
    receiver.server.server_close()


def deliver_all(appliance: Appliance) -> list[float]:
    """Work on the deliveries that wait, as a worker does; the pauses before what failed is tried again."""
    pauses: list[float] = []
    while job := appliance.jobs.claim_next("library", {DELIVER.name}, this_process()):
        work_on(
            appliance.jobs,
            KINDS,
            appliance,
            job,
            this_process(),
            workshop=appliance.folder.workshop,
            on_retry=pauses.append,
        )
    return pauses


def test_messages_stay_in_the_house_until_an_administrator_lets_them_out(
    appliance: Appliance, ben: Person, receiver: Receiver
) -> None:
    with pytest.raises(OutsideForbidden):
        operations.add_address(appliance.appliance_db, person=ben.id, address=receiver.address, schemes=SERVICES)
    operations.let_messages_outside(appliance.appliance_db, allowed=True)
    several = f"{receiver.address}, json://127.0.0.1:1/x?method=DELETE"
    for wrong in ("file:///etc/passwd", "nothing", "", several, f"{receiver.address} json://127.0.0.1:1", "ntfy://["):
        with pytest.raises(AddressRefused):
            operations.add_address(appliance.appliance_db, person=ben.id, address=wrong, schemes=SERVICES)
    with pytest.raises(ParameterRefused, match="template"):
        operations.add_address(
            appliance.appliance_db, person=ben.id, address=f"{receiver.address}?template=/etc/passwd", schemes=SERVICES
        )
    added = operations.add_address(appliance.appliance_db, person=ben.id, address=receiver.address, schemes=SERVICES)

    assert "json://127.0.0.1 …" == added.shown
    operations.let_messages_outside(appliance.appliance_db, allowed=False)
    run(appliance, "Index", ben.audience)
    assert [] == appliance.feed.read_on()


def test_a_message_is_sent_outside_and_again_where_it_failed(
    appliance: Appliance, ben: Person, receiver: Receiver
) -> None:
    operations.let_messages_outside(appliance.appliance_db, allowed=True)
    operations.add_address(appliance.appliance_db, person=ben.id, address=receiver.address, schemes=SERVICES)
    receiver.refuse = 1
    run(appliance, "Index", ben.audience)
    (job,) = appliance.feed.read_on()
    (pause,) = deliver_all(appliance)

    assert 2.5 <= pause <= 5.0
    assert "did not take the message" in appliance.jobs.get(job.id).message
    with appliance.appliance_db.write() as work:
        work.execute("UPDATE jobs SET retry_at = 0 WHERE id = ?", (job.id,))
    deliver_all(appliance)
    assert State.DONE == appliance.jobs.get(job.id).state
    assert [("Index: done", "all of it")] == [(each["title"], each["message"]) for each in receiver.got]
    assert [] == appliance.feed.read_on(), "a message that was sent is nothing to tell of"


def test_what_was_sent_is_not_sent_again(appliance: Appliance, ben: Person, receiver: Receiver) -> None:
    operations.let_messages_outside(appliance.appliance_db, allowed=True)
    operations.add_address(appliance.appliance_db, person=ben.id, address=receiver.address, schemes=SERVICES)
    run(appliance, "Index", ben.audience)
    (job,) = appliance.feed.read_on()
    deliver_all(appliance)
    again = appliance.dispatcher.start_again(job.id)
    deliver_all(appliance)

    assert "sent before" == appliance.jobs.get(again.id).message
    assert 1 == len(receiver.got)


def test_a_message_that_cannot_be_sent_is_told_here_and_not_sent(appliance: Appliance, ben: Person) -> None:
    operations.let_messages_outside(appliance.appliance_db, allowed=True)
    for number in range(2):
        operations.add_address(
            appliance.appliance_db, person=ben.id, address=f"tgram://x{number}", schemes=frozenset({"tgram"})
        )
    run(appliance, "Index", ben.audience)
    for job in appliance.feed.read_on():
        with pytest.raises(Refused, match="not one of an allowed service"):
            appliance.dispatcher.run_here(job)

    assert [] == appliance.feed.read_on()
    assert ["Send a notification: failed"] * 2 + ["Index: done"] == titles(appliance, ben)


def test_nothing_is_sent_once_it_is_forbidden(appliance: Appliance, ben: Person, receiver: Receiver) -> None:
    operations.let_messages_outside(appliance.appliance_db, allowed=True)
    operations.add_address(appliance.appliance_db, person=ben.id, address=receiver.address, schemes=SERVICES)
    run(appliance, "Index", ben.audience)
    appliance.feed.read_on()
    operations.let_messages_outside(appliance.appliance_db, allowed=False)
    deliver_all(appliance)

    assert [] == receiver.got


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("ntfy://my-secret-topic", "ntfy:// …"),
        ("ntfy://ntfy.sh/topic", "ntfy://ntfy.sh …"),
        ("slack://TokenA/TokenB/TokenC", "slack:// …"),
        ("gotifys://user:pass@box.lan/token", "gotifys://box.lan …"),
        ("mailto://me:pw@example.org", "mailto://example.org …"),
    ],
)
def test_what_is_secret_in_an_address_is_not_shown(address: str, shown: str) -> None:
    assert shown == store.shown(address)
