"""The SQL statements of people, places and events, for library.db. Only the package `scripture` uses them."""

from collections.abc import Iterable

from appliance.infrastructure.database import UnitOfWork
from appliance.scripture.entities.entity import Entity

LIST = "|"
INSERT_ENTITY = """
INSERT INTO entities (id, item, kind, name, aliases, description, year, latitude, longitude, participants, mentions)
VALUES (:id, :item, :kind, :name, :aliases, :description, :year, :latitude, :longitude, :participants, :mentions)
"""
INSERT_MENTION = "INSERT INTO entity_mentions (entity, verse_id) VALUES (:entity, :verse_id)"
DELETE_MENTIONS = "DELETE FROM entity_mentions WHERE entity IN (SELECT id FROM entities WHERE item = :item)"
DELETE_ENTITIES = "DELETE FROM entities WHERE item = :item"
SELECT_NAMES = "SELECT id, kind, name, aliases, mentions FROM entities ORDER BY id"
SELECT_ENTITY = """
SELECT id, kind, name, aliases, description, year, latitude, longitude, mentions FROM entities WHERE id = :id
"""
SELECT_PARTICIPANTS = "SELECT participants FROM entities WHERE id = :id"
BROWSE_ENTITIES = """
SELECT id, kind, name, aliases, description, year, latitude, longitude, mentions FROM entities WHERE name LIKE :beginning ESCAPE '\\' AND (:kind = '' OR kind = :kind)
AND (:after = '' OR (name, id) > (SELECT name, id FROM entities WHERE id = :after)) ORDER BY name, id LIMIT :limit
"""
SELECT_MENTIONED = """
SELECT id, kind, name, aliases, description, year, latitude, longitude, mentions FROM entities
WHERE id IN (SELECT entity FROM entity_mentions WHERE verse_id BETWEEN :first AND :last)
ORDER BY kind, mentions, id LIMIT :limit OFFSET :after
"""
SELECT_MENTIONS_OF = """
SELECT verse_id FROM entity_mentions WHERE entity = :entity ORDER BY verse_id LIMIT :limit OFFSET :after
"""
SELECT_MENTIONS = "SELECT m.verse_id, m.entity, e.kind FROM entity_mentions AS m JOIN entities AS e ON e.id = m.entity"


def insert_entities(work: UnitOfWork, item: str, entities: Iterable[Entity]) -> None:
    """Write people, places and events, and the verses that mention them."""
    for entity in entities:
        work.execute(
            INSERT_ENTITY,
            {
                "id": entity.id,
                "item": item,
                "kind": entity.kind.value,
                "name": entity.name,
                "aliases": LIST.join(entity.aliases),
                "description": entity.description,
                "year": entity.year,
                "latitude": entity.latitude,
                "longitude": entity.longitude,
                "participants": LIST.join(entity.participants),
                "mentions": len(entity.verse_ids),
            },
        )
        work.execute_many(
            INSERT_MENTION, [{"entity": entity.id, "verse_id": verse_id} for verse_id in entity.verse_ids]
        )


def delete_entities(work: UnitOfWork, item: str) -> None:
    """Delete people, places and events, and their mentions in verses."""
    for statement in (DELETE_MENTIONS, DELETE_ENTITIES):
        work.execute(statement, {"item": item})
