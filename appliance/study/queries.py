"""Reads of questions: a message with its current answer."""

from appliance.errors import NotFound
from appliance.infrastructure.database import Database
from appliance.study import store
from appliance.study.answer import Message


class MessageNotFound(NotFound):
    """No message has this id, or it is another person's."""


def message(database: Database, message_id: str) -> Message:
    """The message with an id, of any person. Raises MessageNotFound."""
    stored = store.select_message(database.reader, message_id)
    if stored is None:
        raise MessageNotFound(f"There is no message {message_id[:40]!r}.", remedy="Ask the question again.")
    return stored


def own_message(database: Database, message_id: str, *, person: int) -> Message:
    """A message that a person may see: their own, or one without a person, from the command line.

    Raises MessageNotFound, also for messages of other people.
    """
    stored = message(database, message_id)
    if stored.asked_by not in (None, person):
        raise MessageNotFound("You have no question with this id.", remedy="Ask the question again.")
    return stored
