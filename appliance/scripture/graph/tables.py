"""The labels and relations of the graph, and the library data from which they are built."""

import math
from collections import Counter
from collections.abc import Iterator
from functools import partial
from itertools import groupby

from appliance.infrastructure.database import Database
from appliance.infrastructure.graph.schema import Content, NodeTable, RelationTable, Row
from appliance.scripture.canon import BOOK_FACTOR, BOOKS, osis_of
from appliance.scripture.dictionaries import store as dictionary_store
from appliance.scripture.entities import store as entity_store
from appliance.scripture.entities.entity import EntityHead, EntityKind
from appliance.scripture.entities.queries import browse_entities
from appliance.scripture.links import store as link_store
from appliance.scripture.numbering import numbering
from appliance.scripture.translations import queries
from appliance.scripture.translations import store as translation_store

BOOK = NodeTable("Book", {"number": "INT64", "osis": "STRING", "name": "STRING", "testament": "STRING"})
VERSE = NodeTable("Verse", {"id": "INT64", "osis": "STRING"})
TOPIC = NodeTable("Topic", {"id": "INT64", "name": "STRING", "dictionary": "STRING", "citations": "INT64"})
LEMMA = NodeTable(
    "Lemma",
    {"strongs": "STRING", "lemma": "STRING", "transliteration": "STRING", "language": "STRING", "verses": "INT64"},
)
PART_OF = RelationTable("PART_OF", "Verse", "Book")
CITES = RelationTable("CITES", "Topic", "Verse", {"heading": "STRING"})
SEE = RelationTable("SEE", "Topic", "Topic")
USES = RelationTable("USES", "Verse", "Lemma", {"count": "INT64"})
CROSS_REF = RelationTable("CROSS_REF", "Verse", "Verse", {"votes": "INT64"})
PERSON = NodeTable("Person", {"id": "STRING", "name": "STRING", "mentions": "INT64"})
PLACE = NodeTable(
    "Place", {"id": "STRING", "name": "STRING", "latitude": "DOUBLE", "longitude": "DOUBLE", "mentions": "INT64"}
)
EVENT = NodeTable("Event", {"id": "STRING", "name": "STRING", "year": "INT64", "mentions": "INT64"})
MENTIONS = RelationTable("MENTIONS", "Verse", "Person", other_targets=("Place", "Event"))
# If a range is longer, only its first verses are linked.
MAX_RANGE_VERSES = 30
MAX_ENTITIES = 1_000_000
# The values for an unknown position or year. There is no year 0.
UNKNOWN, NO_YEAR = math.nan, 0


def contents(database: Database) -> list[Content]:
    """Return all tables in the order in which they must be written: nodes before their relations."""
    source = _Library(database)
    return [
        Content(BOOK, source.books),
        Content(VERSE, source.verses),
        Content(TOPIC, source.topics),
        Content(LEMMA, source.lemmas),
        Content(PART_OF, source.part_of),
        Content(CITES, source.cites),
        Content(SEE, source.see),
        Content(USES, source.uses),
        Content(CROSS_REF, source.cross_references),
        Content(PERSON, source.people),
        Content(PLACE, source.places),
        Content(EVENT, source.events),
        *(Content(MENTIONS, partial(source.mentions, target), target) for target in MENTIONS.targets),
    ]


class _Library:
    """The rows of each table. The verses are all verses of all translations, numbered by the hub versification."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._sorted_verses: list[int] = []
        self._verses: set[int] = set()
        self._uses: dict[tuple[int, str], int] = {}

    def books(self) -> Iterator[Row]:
        self._read_translations()
        numbers = {verse // BOOK_FACTOR for verse in self._sorted_verses}
        for book in BOOKS:
            if book.number in numbers:
                yield book.number, book.osis, book.name, book.testament.value

    def verses(self) -> Iterator[Row]:
        return ((verse, osis_of(verse)) for verse in self._sorted_verses)

    def topics(self) -> Iterator[Row]:
        return iter(self._database.reader.rows(dictionary_store.SELECT_TOPICS))

    def lemmas(self) -> Iterator[Row]:
        verse_counts = Counter(strongs for _, strongs in self._uses)
        entries = {row[0]: row for row in self._database.reader.rows(dictionary_store.SELECT_LEMMAS)}
        for strongs in sorted(verse_counts.keys() | entries.keys()):
            entry = entries.get(strongs, (strongs, "", "", "Greek" if strongs.startswith("G") else "Hebrew"))
            yield *entry, verse_counts[strongs]

    def part_of(self) -> Iterator[Row]:
        return ((verse, verse // BOOK_FACTOR) for verse in self._sorted_verses)

    def cites(self) -> Iterator[Row]:
        rows = self._database.reader.rows(dictionary_store.SELECT_CITATIONS)
        for (topic, verse), citations in groupby(sorted(self._cited(rows)), key=lambda citation: citation[:2]):
            # If a topic cites a verse twice, the first heading is used.
            yield topic, verse, next(citations)[2]

    def _cited(self, rows: list[tuple[int, str, int, int]]) -> Iterator[tuple[int, int, str]]:
        for topic, heading, start, end in rows:
            yield from ((topic, verse, heading) for verse in self._range(start, end))

    def see(self) -> Iterator[Row]:
        return iter(self._database.reader.rows(dictionary_store.SELECT_SEE))

    def uses(self) -> Iterator[Row]:
        return ((verse, strongs, count) for (verse, strongs), count in sorted(self._uses.items()))

    def cross_references(self) -> Iterator[Row]:
        for link in link_store.select_cross_references(self._database.reader):
            if link.votes > 0 and link.verse_id in self._verses:
                yield from (
                    (link.verse_id, verse, link.votes)
                    for verse in self._range(link.start, link.end)
                    if verse != link.verse_id
                )

    def people(self) -> Iterator[Row]:
        return ((person.id, person.name, person.mentions) for person in self._entities(EntityKind.PERSON))

    def places(self) -> Iterator[Row]:
        for place in self._entities(EntityKind.PLACE):
            latitude, longitude = (
                UNKNOWN if degrees is None else degrees for degrees in (place.latitude, place.longitude)
            )
            yield place.id, place.name, latitude, longitude, place.mentions

    def events(self) -> Iterator[Row]:
        return (
            (event.id, event.name, event.year or NO_YEAR, event.mentions) for event in self._entities(EntityKind.EVENT)
        )

    def mentions(self, target: str) -> Iterator[Row]:
        for verse, entity, kind in self._database.reader.rows(entity_store.SELECT_MENTIONS):
            if kind == target.lower() and verse in self._verses:
                yield verse, entity

    def _entities(self, kind: EntityKind) -> list[EntityHead]:
        return browse_entities(self._database, "", kind=kind.value, limit=MAX_ENTITIES)

    def _range(self, start: int, end: int) -> Iterator[int]:
        return (verse for verse in range(start, min(end, start + MAX_RANGE_VERSES - 1) + 1) if verse in self._verses)

    def _read_translations(self) -> None:
        """Read the verses of all translations, and the Strong's numbers that each verse uses.

        If the translations have different counts for a Strong's number in a verse, the highest count is used.
        """
        verses: set[int] = set()
        for translation in queries.translations(self._database):
            to_hub = numbering(translation.versification).to_hub
            for number, strongs in translation_store.select_strongs(self._database.reader, translation.id):
                verse = to_hub(number)
                verses.add(verse)
                for key, count in Counter(strongs).items():
                    self._uses[verse, key] = max(count, self._uses.get((verse, key), 0))
        self._sorted_verses, self._verses = sorted(verses), verses
