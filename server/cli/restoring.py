"""`restore`: replace a lost or damaged database of people's data with a backup."""

from datetime import UTC, datetime
from pathlib import Path

import click

from appliance.community.accounts.operations.sessions import end_all_sessions
from appliance.errors import Conflict
from appliance.infrastructure.damage import restore as restore_database
from appliance.infrastructure.database import Database
from server.bootstrap import APPLIANCE_MIGRATIONS
from server.cli.context import Home, console


class FolderInUse(Conflict):
    """A process has the database of people's data open."""


@click.command()
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.pass_obj
def restore(home: Home, file: Path | None) -> None:
    """Restore people's data from FILE, or from the newest backup. Stop Lampstand first.

    The backup is checked before anything changes. The earlier database is kept under another name. Everyone must sign in
    again. Passwords and API tokens are the same as in the backup.
    """
    from server.left_over import users_of
    from server.supervision import locked

    folder = home.folder.create()
    database = Database(folder.appliance_db, APPLIANCE_MIGRATIONS)
    with locked(folder):
        if users := users_of(folder.appliance_db):
            raise FolderInUse(
                f"{folder.appliance_db} is open in another process.",
                remedy=f"Stop it first: kill {' '.join(map(str, users))}",
            )
        backup, kept_files = restore_database(folder, database, file, datetime.now(UTC), _sign_everyone_out)
    out = console()
    out.print(f"Restored people's data from {backup}. Changes made after this backup are lost.")
    out.print("Everyone must sign in again. Passwords and API tokens are the same as in the backup.")
    if kept_files:
        out.print(f"The earlier database is kept as {', '.join(str(path) for path in kept_files)}.")
    out.print("Start Lampstand again with `lampstand up`.")


def _sign_everyone_out(database: Database) -> None:
    with database.write() as work:
        end_all_sessions(work)
