"""Numbers in URL paths. This module parses them, so that a wrong number gets a clear error message."""

from appliance.errors import Refused

MAX_CHARACTERS = 100
# SQLite's largest integer has 19 digits. All ids of Lampstand have fewer than 16 digits.
MAX_ID_DIGITS, MAX_ID = 15, 10**15


class ChapterInvalid(Refused):
    """A chapter is not a number."""


def chapter_number(text: str) -> int:
    """Parse a chapter number. Raises ChapterInvalid."""
    if not (text.isascii() and text.isdigit() and len(text) <= MAX_CHARACTERS):
        raise ChapterInvalid(f"chapter: {text[:20]!r} is not a number.", remedy="Use a whole number from 1.")
    return int(text)
