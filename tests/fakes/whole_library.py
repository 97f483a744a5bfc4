"""A small library with one item of every kind, and with its graph and vectors."""

from pathlib import Path

from fakes.hashed_vectors import HashedVectors
from fakes.library_items import put_item
from fakes.small_library import small_library, verse_id

from appliance.infrastructure.graph.kuzu_engine import build_graph
from appliance.infrastructure.paths import DataFolder
from appliance.scripture.commentaries.comment import Comment
from appliance.scripture.commentaries.kinds import COMMENTARY
from appliance.scripture.dictionaries.kinds import LEXICON, TOPICS
from appliance.scripture.dictionaries.lexicon import LexiconEntry
from appliance.scripture.dictionaries.topics import Citation, Topic
from appliance.scripture.entities.entity import Entity, EntityKind
from appliance.scripture.entities.kinds import ENTITIES
from appliance.scripture.graph.tables import BOOK, CITES, CROSS_REF, LEMMA, TOPIC, USES, VERSE, contents
from appliance.scripture.links.kinds import CROSS_REFERENCES
from appliance.scripture.links.link import CrossReference
from appliance.scripture.search.index import build_index
from appliance.scripture.translations.kinds import TRANSLATION
from appliance.scripture.translations.verse import Heading, HeadingKind, Markup, Note, Verse, Word

LAMP_IN_HEBREW = "H5216"
# The graph has only the tables for books, and for verses that share a topic, a word or a cross reference. Building one
# table takes 30 ms. The table of books must come first.
GRAPH_TABLES = (BOOK, VERSE, TOPIC, LEMMA, CITES, USES, CROSS_REF)


def whole_library(home: Path) -> None:
    """Create the library of a data folder.

    The translation "Invented" has Genesis 1:1-25 and 2:1-6, and the translation "Second" has Genesis 1:1-3. The topic "LAMPS
    AND OIL" refers to the topic "LAMP", and to "WICK", which does not exist.
    """
    folder = DataFolder(home).create()
    library, _translation = small_library(folder.home)
    put_item(library, TRANSLATION, "Second", _SECOND, versification="KJV")
    put_item(library, TOPICS, "MoreTopics", _TOPICS)
    put_item(library, LEXICON, "Words", [_LAMP])
    put_item(library, ENTITIES, "Names", _ENTITIES)
    put_item(library, COMMENTARY, "Notes", [Comment(verse_id(1, 1), verse_id(1, 1), ("Who lit it?", "Nobody says."))])
    links = [CrossReference(verse_id(1, 1), verse_id(2, 3), verse_id(2, 3), 40)]
    put_item(library, CROSS_REFERENCES, "Links", links)
    build_index(library, HashedVectors(), "Invented")
    graph = [content for content in contents(library) if content.table in GRAPH_TABLES]
    build_graph(folder.graph, graph, lambda _share, _message: None)
    library.close()


_SECOND = [
    Verse(
        verse_id(1, 1),
        "A second lamp is lit.",
        Markup(
            words=(Word(9, 13, (LAMP_IN_HEBREW,)),),
            notes=(Note(13, "foot", "Or: light"),),
            headings=(Heading(HeadingKind.SECTION, "The first evening"),),
        ),
    ),
    Verse(verse_id(1, 2), "Its lamp shines.", Markup(words=(Word(4, 8, (LAMP_IN_HEBREW,)),))),
    Verse(verse_id(1, 3), "It is <seen>."),
]
_TOPICS = [
    Topic(
        position=0,
        headword="LAMPS AND OIL",
        citations=(Citation("", verse_id(1, 4), verse_id(1, 5)),),
        see_also=("LAMP", "WICK"),
    ),
    Topic(position=1, headword="NIGHT", citations=(), see_also=()),
]
_LAMP = LexiconEntry(
    strongs=LAMP_IN_HEBREW,
    language="hbo",
    lemma="נֵר",
    transliteration="ner",
    pronunciation="nare",
    definition="A lamp that burns oil",
)
_ENTITIES = [
    Entity(
        id="miriam_1",
        kind=EntityKind.PERSON,
        name="Miriam",
        aliases=("Mary",),
        description="She keeps the lamp.",
        year=-1500,
        verse_ids=(verse_id(1, 1), verse_id(1, 2), verse_id(2, 1)),
    ),
    Entity(
        id="hill_1",
        kind=EntityKind.PLACE,
        name="Hill",
        latitude=31.5,
        longitude=-35.25,
        verse_ids=(verse_id(1, 1),),
    ),
    Entity(
        id="lighting_1",
        kind=EntityKind.EVENT,
        name="Lighting",
        participants=("miriam_1", "hill_1"),
        verse_ids=(verse_id(1, 1),),
    ),
]
