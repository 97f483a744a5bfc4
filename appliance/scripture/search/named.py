"""Queries that name a passage."""

from appliance.errors import NotFound, Refused
from appliance.infrastructure.database import Database
from appliance.scripture.references import Reference, parse_reference
from appliance.scripture.translations import queries
from appliance.scripture.translations.translation import Translation


def named_reference(query: str) -> Reference | None:
    """The reference that a whole query is, such as `john 3:16`; None for words, also for a book's bare name."""
    if not any(character.isdigit() for character in query):
        return None
    try:
        return parse_reference(query)
    except (NotFound, Refused):
        return None


def doubt_about(query: str) -> str | None:
    """What is wrong with a query that looks like a reference and is none, such as `John 99`."""
    if not any(character.isdigit() for character in query):
        return None
    try:
        parse_reference(query)
    except NotFound as error:
        return str(error)
    except Refused:
        return None
    return None


def named_verses(database: Database, query: str, translation: Translation, limit: int) -> list[int]:
    """The first verses of a reference, where the query is one."""
    reference = named_reference(query)
    if reference is None:
        return []
    try:
        found = queries.passage(database, reference, [translation])
    except (NotFound, Refused):
        return []
    return [verse.verse_id for verse in found][:limit]
