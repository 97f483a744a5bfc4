"""Library items with given entries, imported without a file."""

from collections.abc import Sequence
from typing import Any

from appliance.infrastructure.database import Database
from appliance.scripture.commentaries.comment import Comment
from appliance.scripture.commentaries.kinds import COMMENTARY
from appliance.scripture.dictionaries.kinds import LEXICON, TOPICS
from appliance.scripture.dictionaries.lexicon import LexiconEntry
from appliance.scripture.dictionaries.topics import Citation, Topic
from appliance.scripture.entities.entity import Entity, EntityKind
from appliance.scripture.entities.kinds import ENTITIES
from appliance.scripture.importers.source import ItemSource
from appliance.scripture.library.kind import Entry, ItemKind
from appliance.scripture.links.kinds import CROSS_REFERENCES, TOPIC_VOTES
from appliance.scripture.links.link import CrossReference, TopicVote
from appliance.scripture.operations import import_source
from appliance.scripture.translations.kinds import TRANSLATION
from appliance.scripture.translations.verse import Verse

# Some entries for every kind of library item.
ENTRIES: dict[ItemKind[Any], list[Any]] = {
    TRANSLATION: [Verse(43_003_016, "A lamp is lit in the hall"), Verse(43_003_017, "The hall’s door stands open")],
    LEXICON: [
        LexiconEntry(
            strongs="G25", language="grc", lemma="ἀγαπάω", transliteration="agapao", pronunciation="", definition="love"
        )
    ],
    TOPICS: [
        Topic(
            position=0,
            headword="LOVE",
            citations=(Citation("Of God", 43_003_016, 43_003_017), Citation("", 45_005_008, 45_005_008)),
            see_also=("GRACE",),
        )
    ],
    COMMENTARY: [
        Comment(43_003_000, 43_003_999, ("A night visit.",)),
        Comment(43_003_016, 43_003_016, ("One.", "Two.")),
    ],
    CROSS_REFERENCES: [CrossReference(43_003_016, 45_005_008, 45_005_009, 40)],
    TOPIC_VOTES: [TopicVote("love", 43_003_016, 43_003_016, 7)],
    ENTITIES: [
        Entity(id="nicodemus_1", kind=EntityKind.PERSON, name="Nicodemus", verse_ids=(43_003_001, 43_003_004)),
        Entity(
            id="event_1",
            kind=EntityKind.EVENT,
            name="Night visit",
            participants=("nicodemus_1",),
            verse_ids=(43_003_001,),
        ),
    ],
}


def source_of(
    kind: ItemKind[Entry], item_id: str, entries: Sequence[Entry], *, versification: str = ""
) -> ItemSource[Entry]:
    """Return a source that has the entries, in English. The digest of the source depends on the entries."""
    return ItemSource(
        kind=kind,
        id=item_id,
        name=f"{item_id} by hand",
        language="en",
        versification=versification,
        licence="Public Domain",
        attribution="By hand.",
        origin="a test",
        digest=repr(entries),
        entries=lambda: iter(entries),
    )


def put_item(
    library: Database, kind: ItemKind[Entry], item_id: str, entries: Sequence[Entry], *, versification: str = ""
) -> None:
    """Import entries as a library item, which replaces an item with the same id. Verses are not validated."""
    import_source(library, source_of(kind, item_id, entries, versification=versification))
