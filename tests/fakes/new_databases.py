"""New databases and data folders. The migrations run once per test process; every database is a copy of their result."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from appliance.infrastructure.database import Database, Migration
from appliance.infrastructure.paths import DataFolder
from server.bootstrap import APPLIANCE_MIGRATIONS, LIBRARY_MIGRATIONS


def new_library(path: Path) -> Database:
    """An empty library in a new file."""
    return _new_database(path, LIBRARY_MIGRATIONS)


def new_appliance_db(path: Path) -> Database:
    """A database for people's data, without people, in a new file."""
    return _new_database(path, APPLIANCE_MIGRATIONS)


def new_home(home: Path) -> Path:
    """A data folder that was opened once."""
    folder = DataFolder(home).create()
    new_appliance_db(folder.appliance_db).close()
    new_library(folder.library_db).close()
    return home


def _new_database(path: Path, migrations: tuple[Migration, ...]) -> Database:
    path.write_bytes(_migrated(migrations))
    return Database(path, migrations)


@cache
def _migrated(migrations: tuple[Migration, ...]) -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder, "new.db")
        database = Database(path, migrations)
        database.migrate()
        database.close()
        return path.read_bytes()
