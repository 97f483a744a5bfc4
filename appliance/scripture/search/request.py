"""The request that each search mode receives."""

import msgspec

from appliance.scripture.canon import VerseRange
from appliance.scripture.translations.translation import Translation


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """The typed query, the reader's translation, the range of verses to search, and the number of verses that are needed."""

    text: str
    translation: Translation
    verses: VerseRange
    depth: int
