"""The graph's labels and relations, and where in the library they come from."""

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
# Of longer ranges the first verses stand for the whole.
LONGEST_RANGE = 30
MAX_ENTITIES = 1_000_000
# What nobody knows: where a place lies, when something was. There is no year 0.
UNKNOWN, NO_YEAR = math.nan, 0


def contents(database: Database) -> list[Content]:
    """Every table in the order in which it can be written, nodes before what ties them."""
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
    """The rows of each table. Verses are those that any text has, under the hub's numbers."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._places: list[int] = []
        self._known: set[int] = set()
        self._uses: dict[tuple[int, str], int] = {}

    def books(self) -> Iterator[Row]:
        self._read_texts()
        numbers = {place // BOOK_FACTOR for place in self._places}
        for book in BOOKS:
            if book.number in numbers:
                yield book.number, book.osis, book.name, book.testament.value

    def verses(self) -> Iterator[Row]:
        return ((place, osis_of(place)) for place in self._places)

    def topics(self) -> Iterator[Row]:
        return iter(self._database.reader.rows(dictionary_store.SELECT_TOPICS))

    def lemmas(self) -> Iterator[Row]:
        verses = Counter(strongs for _, strongs in self._uses)
        known = {row[0]: row for row in self._database.reader.rows(dictionary_store.SELECT_LEMMAS)}
        for strongs in sorted(verses.keys() | known.keys()):
            entry = known.get(strongs, (strongs, "", "", "Greek" if strongs.startswith("G") else "Hebrew"))
            yield *entry, verses[strongs]

    def part_of(self) -> Iterator[Row]:
        return ((place, place // BOOK_FACTOR) for place in self._places)

    def cites(self) -> Iterator[Row]:
        rows = self._database.reader.rows(dictionary_store.SELECT_CITATIONS)
        for (topic, place), same in groupby(sorted(self._cited(rows)), key=lambda each: each[:2]):
            # A verse that is cited twice is cited under its first heading.
            yield topic, place, next(same)[2]

    def _cited(self, rows: list[tuple[int, str, int, int]]) -> Iterator[tuple[int, int, str]]:
        for topic, heading, start, end in rows:
            yield from ((topic, place, heading) for place in self._range(start, end))

    def see(self) -> Iterator[Row]:
        return iter(self._database.reader.rows(dictionary_store.SELECT_SEE))

    def uses(self) -> Iterator[Row]:
        return ((place, strongs, count) for (place, strongs), count in sorted(self._uses.items()))

    def cross_references(self) -> Iterator[Row]:
        for link in link_store.select_cross_references(self._database.reader):
            if link.votes > 0 and link.verse_id in self._known:
                yield from (
                    (link.verse_id, place, link.votes)
                    for place in self._range(link.start, link.end)
                    if place != link.verse_id
                )

    def people(self) -> Iterator[Row]:
        return ((each.id, each.name, each.mentions) for each in self._entities(EntityKind.PERSON))

    def places(self) -> Iterator[Row]:
        for each in self._entities(EntityKind.PLACE):
            latitude, longitude = (
                UNKNOWN if degrees is None else degrees for degrees in (each.latitude, each.longitude)
            )
            yield each.id, each.name, latitude, longitude, each.mentions

    def events(self) -> Iterator[Row]:
        return ((each.id, each.name, each.year or NO_YEAR, each.mentions) for each in self._entities(EntityKind.EVENT))

    def mentions(self, target: str) -> Iterator[Row]:
        for verse, entity, kind in self._database.reader.rows(entity_store.SELECT_MENTIONS):
            if kind == target.lower() and verse in self._known:
                yield verse, entity

    def _entities(self, kind: EntityKind) -> list[EntityHead]:
        return browse_entities(self._database, "", kind=kind.value, limit=MAX_ENTITIES)

    def _range(self, start: int, end: int) -> Iterator[int]:
        return (place for place in range(start, min(end, start + LONGEST_RANGE - 1) + 1) if place in self._known)

    def _read_texts(self) -> None:
        """Where verses are and which words of the original stand behind them; of several texts the most uses count."""
        places: set[int] = set()
        for translation in queries.translations(self._database):
            to_hub = numbering(translation.versification).to_hub
            for number, strongs in translation_store.select_strongs(self._database.reader, translation.id):
                place = to_hub(number)
                places.add(place)
                for key, count in Counter(strongs).items():
                    self._uses[place, key] = max(count, self._uses.get((place, key), 0))
        self._places, self._known = sorted(places), places
