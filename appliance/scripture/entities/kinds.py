"""People, places and events as library items."""

from appliance.scripture.entities.entity import Entity
from appliance.scripture.entities.store import delete_entities, insert_entities
from appliance.scripture.library.kind import ItemKind

ENTITIES = ItemKind[Entity](
    name="people, places and events",
    entries_name="people, places and events",
    max_entries=500_000,
    insert=insert_entities,
    delete=delete_entities,
)
