"""Jobs of older versions."""

from pathlib import Path

from appliance.infrastructure.database import Database
from appliance.infrastructure.jobs.ledger import Jobs
from server.bootstrap import APPLIANCE_MIGRATIONS

BEFORE_DOWNLOADS_WERE_RENAMED = 8
INSERT_OLD_JOB = (
    "INSERT INTO jobs (id, kind, queue, arguments, title, state, created_at) "
    "VALUES (1, 'pull', 'library', '{}', 'Download tiny', 'done', 1)"
)


def test_download_jobs_of_older_versions_get_the_new_name(tmp_path: Path) -> None:
    old = Database(tmp_path / "appliance.db", APPLIANCE_MIGRATIONS[:BEFORE_DOWNLOADS_WERE_RENAMED])
    old.migrate()
    with old.write() as work:
        work.execute(INSERT_OLD_JOB)
    old.close()
    database = Database(tmp_path / "appliance.db", APPLIANCE_MIGRATIONS)
    database.migrate()

    assert "download" == Jobs(database, overseers="administrators").get(1).kind
    database.close()
