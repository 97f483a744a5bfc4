"""Access to a question and its answer."""

import pytest

from appliance.infrastructure.database import Database
from appliance.study import store
from appliance.study.queries import MessageNotFound, message, own_message

ANNA, BEN = 1, 2


def ask(database: Database, message_id: str, asked_by: int | None) -> None:
    with database.write() as work:
        store.insert_message(
            work,
            message_id,
            asked_by=asked_by,
            question="What is lit?",
            translation="Invented",
            owner="host/boot/1/1",
            now=7.0,
        )


def test_a_person_sees_their_own_questions_and_those_from_the_command_line(database: Database) -> None:
    ask(database, "anna", ANNA)
    ask(database, "guest", None)

    assert "anna" == own_message(database, "anna", person=ANNA).id
    assert "guest" == own_message(database, "guest", person=BEN).id
    with pytest.raises(MessageNotFound, match="You have no question with this id"):
        own_message(database, "anna", person=BEN)


def test_an_unknown_message_is_an_error(database: Database) -> None:
    with pytest.raises(MessageNotFound, match="There is no message 'm9'"):
        message(database, "m9")
    with pytest.raises(MessageNotFound, match="There is no message 'm9'"):
        own_message(database, "m9", person=ANNA)


def test_a_new_message_is_running_and_empty(database: Database) -> None:
    ask(database, "m1", ANNA)
    asked = message(database, "m1")

    assert ("running", "", (), None, None) == (asked.state, asked.text, asked.sources, asked.made_by, asked.error)
    assert (7.0, None) == (asked.created_at, asked.finished_at)
