"""Queries that are Bible references."""

from appliance.errors import NotFound, Refused
from appliance.infrastructure.database import Database
from appliance.scripture.references import Reference, parse_reference
from appliance.scripture.translations import queries
from appliance.scripture.translations.translation import Translation


def named_reference(query: str) -> Reference | None:
    """Parse a query such as `john 3:16`. Return None for words, and for the name of a book without a number."""
    if not any(character.isdigit() for character in query):
        return None
    try:
        return parse_reference(query)
    except (NotFound, Refused):
        return None


def reference_error(query: str) -> str | None:
    """Return what is wrong with a query that looks like a reference but is not valid, such as `John 99`."""
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
    """Return the first verses of the passage that a query names. The list is empty if the query is not a reference."""
    reference = named_reference(query)
    if reference is None:
        return []
    try:
        passage = queries.passage(database, reference, [translation])
    except (NotFound, Refused):
        return []
    return [verse.verse_id for verse in passage][:limit]
