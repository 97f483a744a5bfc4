"""Parses references as people write them, in English and Spanish, alone or in running text."""

from appliance.scripture.references.finding import FoundReference, find_references
from appliance.scripture.references.reference import (
    LAST_VERSE,
    BookNotFound,
    PassageNotFound,
    Reference,
    ReferenceNotUnderstood,
    VersePlace,
    chapters_of,
    format_range,
    format_verse,
)
from appliance.scripture.references.single import (
    MAX_LENGTH,
    book_named,
    find_book,
    nearest_book,
    parse_osis,
    parse_reference,
)

__all__ = [
    "LAST_VERSE",
    "MAX_LENGTH",
    "BookNotFound",
    "FoundReference",
    "PassageNotFound",
    "Reference",
    "ReferenceNotUnderstood",
    "VersePlace",
    "book_named",
    "chapters_of",
    "find_book",
    "find_references",
    "format_range",
    "format_verse",
    "nearest_book",
    "parse_osis",
    "parse_reference",
]
