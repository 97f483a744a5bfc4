"""Numbers in addresses, which are read as text so that a wrong one is answered with a sentence."""

from appliance.errors import Refused

MAX_CHARACTERS = 100
# SQLite's largest whole number has 19 digits; no id of ours has as many as this.
MAX_ID_DIGITS, MAX_ID = 15, 10**15


class ChapterInvalid(Refused):
    """A chapter is not given as a number."""


def chapter_number(text: str) -> int:
    """Raises ChapterInvalid."""
    if not (text.isascii() and text.isdigit() and len(text) <= MAX_CHARACTERS):
        raise ChapterInvalid(f"chapter: {text[:20]!r} is not a number.", remedy="A whole number from 1 is expected.")
    return int(text)
