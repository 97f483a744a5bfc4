"""The rules of the house: what its administrators decide while it runs, one value a rule."""

from typing import Any

import msgspec

from appliance.infrastructure.database import Reader, UnitOfWork

CREATE_HOUSE = "CREATE TABLE house (rule TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID"
SELECT_RULE = "SELECT value FROM house WHERE rule = ?"
SET_RULE = "INSERT INTO house (rule, value) VALUES (?, ?) ON CONFLICT (rule) DO UPDATE SET value = excluded.value"
DELETE_RULE = "DELETE FROM house WHERE rule = ?"


def read_rule(source: Reader | UnitOfWork, rule: str, default: Any = None) -> Any:
    """The value of a rule, or the default where nobody decided."""
    rows = source.rows(SELECT_RULE, (rule,)) if isinstance(source, Reader) else source.execute(SELECT_RULE, (rule,))
    return msgspec.json.decode(rows[0][0]) if rows else default


def set_rule(work: UnitOfWork, rule: str, value: Any) -> None:
    work.execute(SET_RULE, (rule, msgspec.json.encode(value).decode()))


def drop_rule(work: UnitOfWork, rule: str) -> None:
    work.execute(DELETE_RULE, (rule,))
