"""A search as its modes get it."""

import msgspec

from appliance.scripture.canon import VerseRange
from appliance.scripture.translations.translation import Translation


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """The text that was typed, the reader's translation, the part of the canon, and how many verses are needed."""

    text: str
    translation: Translation
    verses: VerseRange
    depth: int
