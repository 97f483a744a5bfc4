"""A library of two invented chapters, with topics that cite verses of these chapters."""

from pathlib import Path

from fakes.library_items import put_item
from fakes.new_databases import new_library
from fakes.osis_texts import import_osis

from appliance.infrastructure.database import Database
from appliance.scripture.dictionaries.kinds import TOPICS
from appliance.scripture.dictionaries.topics import Citation, Topic
from appliance.scripture.translations import queries
from appliance.scripture.translations.translation import Translation

GENESIS = 1_000_000
LENGTHS = {1: 25, 2: 6}


def verse_id(chapter: int, verse: int) -> int:
    """The id of a verse of Genesis."""
    return GENESIS + chapter * 1_000 + verse


def small_library(folder: Path) -> tuple[Database, Translation]:
    """Create the library and return it with its only translation. Each verse text contains its chapter and verse."""
    library = new_library(folder / "library.db")
    verses = {
        f"Gen.{chapter}.{verse}": f"Lamp {verse} of evening {chapter} is lit."
        for chapter, length in LENGTHS.items()
        for verse in range(1, length + 1)
    }
    import_osis(library, folder, "Invented", verses)
    put_item(library, TOPICS, "InventedTopics", _topics(LAMP=(1, 3), EVENING=(2, 2)))
    return library, queries.find_translation(library, "Invented")


def _topics(**cited: tuple[int, int]) -> list[Topic]:
    """Topics that each cite verses of the first chapter."""
    return [
        Topic(
            position=position,
            headword=headword,
            citations=(Citation("Of oil", verse_id(1, first), verse_id(1, last)),),
            see_also=(),
        )
        for position, (headword, (first, last)) in enumerate(cited.items())
    ]
