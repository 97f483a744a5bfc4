"""The data folder of an earlier version, as `tests/data/make_old_folder.py` created it."""

import contextlib
import json
import shutil
import sqlite3
import time
from pathlib import Path
from typing import Any

import httpx
from fakes.serving import Served

FOLDER = Path(__file__).parents[1] / "data" / "folder-48d71bd"
CREDENTIALS = json.loads(FOLDER.with_suffix(".json").read_text(encoding="utf-8"))
# Columns that contain a time of day.
TIMES = """
SELECT tables.name, columns.name FROM sqlite_master AS tables JOIN pragma_table_info(tables.name) AS columns
WHERE tables.type = 'table' AND columns.type = 'REAL' AND (columns.name = 'at' OR columns.name LIKE '%^_at' ESCAPE '^')
"""


def copy_of_folder(parent: Path) -> Path:
    """Copy the folder, and restore its permissions, because git does not keep them. Move the times in it to the present.

    With the old times, sessions and class codes would have expired.
    """
    home = shutil.copytree(FOLDER, parent / "home")
    for path in (home, *home.rglob("*")):
        path.chmod(0o700 if path.is_dir() else 0o600)
    with contextlib.closing(sqlite3.connect(home / "appliance.db")) as database, database:
        age = time.time() - CREDENTIALS["made_at"]
        for table, column in database.execute(TIMES).fetchall():
            database.execute(f"UPDATE {table} SET {column} = {column} + ?", (age,))
    return home


def by_token(running: Served, owner: str) -> httpx.Client:
    """An API client with the old token of a person in the folder."""
    headers = {"Authorization": f"Bearer {CREDENTIALS['tokens'][owner]}"}
    return httpx.Client(base_url=f"{running.url}/api/v1/", timeout=60, trust_env=False, headers=headers)


def get(client: httpx.Client, path: str, **parameters: str | int) -> Any:
    """Return the JSON answer of the API. An error fails the test."""
    return client.get(path, params=parameters).raise_for_status().json()
