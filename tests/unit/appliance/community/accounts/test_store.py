"""Migration of accounts of older versions."""

from pathlib import Path

from appliance.community.accounts.permissions import Permission
from appliance.community.accounts.queries import guests_may_read
from appliance.community.accounts.store import SELECT_TOKENS, token_of
from appliance.infrastructure.database import Database
from appliance.infrastructure.events import EventLog
from server.bootstrap import APPLIANCE_MIGRATIONS

BEFORE_PLAIN_NAMES = 7
OLD_ROWS = """
INSERT INTO people (id, name, login, password, role, created_at) VALUES (1, 'Anna', 'anna', '', 'administrator', 1);
INSERT INTO api_tokens (fingerprint, person, name, scopes, created_at) VALUES ('f', 1, 'terminal', 'lead own read', 1);
INSERT INTO house (rule, value) VALUES ('guests_may_read', 'false');
INSERT INTO events (at, kind, audience, payload) VALUES (1, 'house.set-up', 'administrators', '{"administrator":"Anna"}');
INSERT INTO events (at, kind, audience, payload) VALUES (2, 'house.changed', 'administrators', '{"guests_may_read":false}');
INSERT INTO events (at, kind, audience, payload) VALUES (3, 'class.closed', 'leaders', '{"id":1}')
"""


def test_old_names_in_the_database_are_replaced(tmp_path: Path) -> None:
    old = Database(tmp_path / "appliance.db", APPLIANCE_MIGRATIONS[:BEFORE_PLAIN_NAMES])
    old.migrate()
    with old.write() as work:
        work.execute_script(OLD_ROWS)
    old.close()
    database = Database(tmp_path / "appliance.db", APPLIANCE_MIGRATIONS)
    database.migrate()
    (token,) = map(token_of, database.reader.rows(SELECT_TOKENS, (1,)))

    assert {Permission.READ, Permission.MANAGE_ACCOUNT, Permission.MANAGE_CLASSES} == set(token.scopes)
    assert not guests_may_read(database)
    assert ["site.set-up", "site.changed", "class.closed"] == [event.kind for event in EventLog(database).after(0)]
