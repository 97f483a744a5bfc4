"""`restore`: put a backup of people's data in the place of a lost or damaged database."""

from datetime import UTC, datetime
from pathlib import Path

import click

from appliance.community.accounts.operations.sessions import end_all_sessions
from appliance.errors import Conflict
from appliance.infrastructure.damage import restore as put_in_place
from appliance.infrastructure.database import Database
from server.bootstrap import APPLIANCE_MIGRATIONS
from server.cli.context import Home, console


class FolderInUse(Conflict):
    """A process has people's data open."""


@click.command()
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.pass_obj
def restore(home: Home, file: Path | None) -> None:
    """Restore people's data from FILE, or from the newest backup. Stop Lampstand first.

    The backup is checked before anything is changed. The earlier database is kept under another name. Everybody must sign
    in again. Passwords and API tokens are those of the backup.
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
        backup, kept = put_in_place(folder, database, file, datetime.now(UTC), _sign_everybody_out)
    out = console()
    out.print(f"People's data is restored from {backup}. Changes since then are lost.")
    out.print("Everybody must sign in again, with the password of that time. API tokens of that time are valid again.")
    if kept:
        out.print(f"The earlier database is kept as {', '.join(str(path) for path in kept)}.")
    out.print("Start Lampstand again with `lampstand up`.")


def _sign_everybody_out(database: Database) -> None:
    with database.write() as work:
        end_all_sessions(work)
