"""Reads of study: a message with its answer so far."""

from appliance.errors import NotFound
from appliance.infrastructure.database import Database
from appliance.study import store
from appliance.study.answer import Message


class MessageNotFound(NotFound):
    """No message has this id, or it is another person's."""


def message(database: Database, message_id: str) -> Message:
    """A message by its id, whoever asked. Raises MessageNotFound."""
    stored = store.select_message(database.reader, message_id)
    if stored is None:
        raise MessageNotFound(f"There is no message {message_id[:40]!r}.", remedy="Ask the question again.")
    return stored


def own_message(database: Database, message_id: str, *, person: int) -> Message:
    """A message that a person may see: one they asked, or one that belongs to nobody, because the command line asked it.

    Raises MessageNotFound, for another person's too.
    """
    stored = message(database, message_id)
    if stored.asked_by not in (None, person):
        raise MessageNotFound("There is no such question of yours.", remedy="Ask it again.")
    return stored
