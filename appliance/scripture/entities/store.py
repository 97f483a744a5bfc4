"""The SQL of people, places and events, in library.db. Private to `scripture`."""

from collections.abc import Sequence

from appliance.infrastructure.database import UnitOfWork
from appliance.scripture.entities.entity import Entity

LIST = "|"
INSERT_ENTITY = "INSERT INTO entities VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
INSERT_MENTION = "INSERT INTO entity_mentions VALUES (?, ?)"
DELETE_MENTIONS = "DELETE FROM entity_mentions WHERE entity IN (SELECT id FROM entities WHERE dataset = ?)"
DELETE_ENTITIES = "DELETE FROM entities WHERE dataset = ?"
SELECT_HEADS = "SELECT * FROM entity_heads ORDER BY id"
SELECT_ENTITY = "SELECT * FROM entity_heads WHERE id = ?"
BROWSE_ENTITIES = """
SELECT * FROM entity_heads WHERE name LIKE :beginning ESCAPE '\\' AND (:kind = '' OR kind = :kind)
AND (:after = '' OR (name, id) > (SELECT name, id FROM entities WHERE id = :after)) ORDER BY name, id LIMIT :limit
"""
SELECT_MENTIONED = """
SELECT * FROM entity_heads WHERE id IN (SELECT entity FROM entity_mentions WHERE verse_id BETWEEN :first AND :last)
ORDER BY kind, mentions, id LIMIT :limit OFFSET :after
"""
SELECT_MENTIONS_OF = """
SELECT verse_id FROM entity_mentions WHERE entity = :entity ORDER BY verse_id LIMIT :limit OFFSET :after
"""
SELECT_MENTIONS = "SELECT m.verse_id, m.entity, e.kind FROM entity_mentions AS m JOIN entities AS e ON e.id = m.entity"


def insert_entities(work: UnitOfWork, dataset: str, entities: Sequence[Entity]) -> None:
    work.execute_many(
        INSERT_ENTITY,
        [
            (
                each.id,
                dataset,
                each.kind.value,
                each.name,
                LIST.join(each.also),
                each.description,
                each.year,
                each.latitude,
                each.longitude,
                LIST.join(each.takes_part),
                len(each.verse_ids),
            )
            for each in entities
        ],
    )
    work.execute_many(INSERT_MENTION, [(each.id, verse_id) for each in entities for verse_id in each.verse_ids])
