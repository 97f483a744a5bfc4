"""Reads of study: a message with its answer so far."""

from appliance.errors import NotFound
from appliance.infrastructure.database import Database
from appliance.study import store
from appliance.study.answer import Message


class MessageNotFound(NotFound):
    """No message has this id."""


def message(database: Database, message_id: str) -> Message:
    """A message by its id. Raises MessageNotFound."""
    found = store.select_message(database.reader, message_id)
    if found is None:
        raise MessageNotFound(f"There is no message {message_id[:40]!r}.", remedy="Ask the question again.")
    return found
