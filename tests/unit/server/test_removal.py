"""A person is deleted with all their data, or not at all."""

import pytest
from fakes.accounts import NOW, PASSWORD, create_administrator, create_person, create_token
from fakes.events import Said

from appliance.community.accounts import queries
from appliance.community.accounts.events import AccessChanged
from appliance.community.accounts.operations import signing_in
from appliance.community.accounts.person import LastAdministrator, Person
from appliance.infrastructure.database import Database
from appliance.infrastructure.events import append_event
from appliance.study import store
from server.bootstrap import Appliance
from server.removal import remove_person

TABLES = ("people", "sessions", "api_tokens", "messages", "message_events", "events")


@pytest.fixture
def database(appliance: Appliance) -> Database:
    return appliance.appliance_db


@pytest.fixture
def anna(database: Database) -> Person:
    return create_administrator(database)


@pytest.fixture
def ben(database: Database, anna: Person) -> Person:
    """A member with a session, an API token, a question and a private event."""
    ben = create_person(database)
    signing_in.sign_in(database, login="ben", password=PASSWORD, address="10.0.0.7", agent="Firefox", now=NOW)
    create_token(database, ben)
    with database.write() as work:
        for number, person in enumerate((ben, anna)):
            store.insert_message(
                work,
                f"m{number}",
                asked_by=person.id,
                question="What is love?",
                translation="WEB",
                owner="host/boot/1/1",
                now=NOW,
            )
        append_event(work, Said(number=7), ben.audience, now=NOW)
    return ben


def contents(database: Database) -> dict[str, list[tuple[object, ...]]]:
    return {table: database.reader.rows(f"SELECT * FROM {table} ORDER BY 1") for table in TABLES}


def remove(database: Database, person: Person) -> None:
    with database.write() as work:
        remove_person(work, person, now=NOW)


def test_all_data_of_a_person_is_deleted_with_them(appliance: Appliance, anna: Person, ben: Person) -> None:
    database = appliance.appliance_db
    remove(database, ben)
    events = appliance.events.after(0)

    assert [anna] == queries.people(database)
    assert [(anna.id,)] == database.reader.rows("SELECT asked_by FROM messages")
    assert [] == contents(database)["sessions"] == contents(database)["api_tokens"]
    assert ["forgotten"] == [event.kind for event in events if ben.audience in event.audience]
    assert frozenset({f"access:{ben.id}"}) in [event.audience for event in events if event.is_a(AccessChanged)]


@pytest.mark.parametrize("broken", ["DELETE ON people", "DELETE ON messages", "INSERT ON events", "UPDATE ON events"])
def test_a_deletion_that_fails_halfway_changes_nothing(database: Database, ben: Person, broken: str) -> None:
    with database.write() as work:
        work.execute(f"CREATE TRIGGER broken BEFORE {broken} BEGIN SELECT RAISE(ABORT, 'broken'); END")
    before = contents(database)
    assert all(before[table] for table in TABLES if table != "message_events")
    with pytest.raises(Exception, match="broken"):
        remove(database, ben)
    assert before == contents(database)

    with database.write() as work:
        work.execute("DROP TRIGGER broken")
    remove(database, ben)
    assert before != contents(database)


def test_the_last_administrator_cannot_be_deleted(database: Database, anna: Person, ben: Person) -> None:
    before = contents(database)
    with pytest.raises(LastAdministrator):
        remove(database, anna)

    assert before == contents(database)
