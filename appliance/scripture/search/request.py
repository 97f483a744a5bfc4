"""The request that each search mode receives."""

import msgspec

from appliance.scripture.canon import VerseRange
from appliance.scripture.translations.translation import Translation


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """The typed query, the reader's translation, the verse range to search, and the number of verses needed."""

    text: str
    translation: Translation
    verses: VerseRange
    depth: int
