"""Reads of links and what else is imported beside translations and dictionaries."""

from appliance.infrastructure.database import Database
from appliance.scripture.links import store
from appliance.scripture.links.link import Dataset


def datasets(database: Database) -> list[Dataset]:
    """Cross references, topic votes and commentaries."""
    return store.select_datasets(database.reader)
