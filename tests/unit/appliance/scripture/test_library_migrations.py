"""Libraries of older versions."""

from pathlib import Path

from appliance.infrastructure.database import Database
from server.bootstrap import LIBRARY_MIGRATIONS

BEFORE_HEADINGS_WERE_A_TABLE = 6


def test_headings_keep_their_numbers_and_so_their_vectors(tmp_path: Path) -> None:
    old = Database(tmp_path / "library.db", LIBRARY_MIGRATIONS[:BEFORE_HEADINGS_WERE_A_TABLE])
    old.migrate()
    with old.write() as work:
        work.execute("INSERT INTO dictionaries VALUES ('Nave', 'topics', 'Nave', '', '', '', 2)")
        work.execute("INSERT INTO topics VALUES (7, 'Nave', 1, 'LIGHT', 2)")
        work.execute("INSERT INTO headings_fts (rowid, headword, heading, topic) VALUES (30, 'LIGHT', 'Created', 7)")
        work.execute("INSERT INTO headings_fts (rowid, headword, heading, topic) VALUES (31, 'LOST', 'No topic', 8)")
        work.commit()
    old.close()

    new = Database(tmp_path / "library.db", LIBRARY_MIGRATIONS)
    new.migrate()

    assert [(30, 7, "LIGHT", "Created")] == new.reader.rows("SELECT id, topic, headword, heading FROM headings")
    new.close()
