"""Queries for questions: a message with the current text of its answer."""

from appliance.errors import NotFound
from appliance.infrastructure.database import Database
from appliance.study import store
from appliance.study.answer import Message


class MessageNotFound(NotFound):
    """No message has this id, or the message belongs to another person."""


def message(database: Database, message_id: str) -> Message:
    """Return the message with this id. It can belong to any person. Raises MessageNotFound."""
    stored = store.select_message(database.reader, message_id)
    if stored is None:
        raise MessageNotFound(f"There is no message {message_id[:40]!r}.", remedy="Ask the question again.")
    return stored


def own_message(database: Database, message_id: str, *, person: int) -> Message:
    """Return a message that a person may see: their own message, or a message without a person, from the command line.

    Raises MessageNotFound, also if the message belongs to another person.
    """
    stored = message(database, message_id)
    if stored.asked_by not in (None, person):
        raise MessageNotFound("You have no question with this id.", remedy="Ask the question again.")
    return stored
