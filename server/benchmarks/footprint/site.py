"""A copy of a data folder for the measured server."""

import contextlib
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

import msgspec

from appliance.community.accounts.operations import api_tokens, site_setup
from appliance.community.accounts.permissions import Permission
from appliance.errors import Conflict, NotFound
from appliance.infrastructure.settings import ENVIRONMENT_PREFIX, Settings
from appliance.scripture.dictionaries.kinds import LEXICON
from appliance.scripture.entities.kinds import ENTITIES
from appliance.scripture.library.queries import installed
from appliance.scripture.links.kinds import CROSS_REFERENCES
from appliance.scripture.translations import queries
from appliance.scripture.translations.translation import Translation
from server.benchmarks.footprint.queries import Material, material_of
from server.benchmarks.isolation import copy_of
from server.bootstrap import Appliance
from server.supervision import noted_address

# The vector cache of the model runtime.
VECTOR_CACHE = Path("embeddings", "data.mdb")


class LibraryIncomplete(NotFound):
    """The library lacks items that the measurement needs."""


class DataFolderServed(Conflict):
    """Lampstand runs on the data folder that should be copied."""


class FootprintSite(msgspec.Struct, frozen=True, kw_only=True):
    """A copied site: its folder, the environment for commands, an administrator's token, and the content of queries."""

    home: Path
    environment: dict[str, str]
    token: str
    translation: Translation
    material: Material


def check_complete(appliance: Appliance) -> None:
    """Raise LibraryIncomplete with all missing items, or DataFolderServed if a server uses the folder."""
    if noted_address(appliance.folder):
        raise DataFolderServed(
            "Lampstand runs on this data folder. Memory that it shares with the measured processes would not be counted.",
            remedy="Stop Lampstand, then try again.",
        )
    kinds = {item.kind for item in installed(appliance.library)}
    requirements = [
        ("a complete index for search by meaning", appliance.derived.index_state().complete, "lampstand index"),
        ("cross references", CROSS_REFERENCES.name in kinds, "lampstand library download cross-references"),
        ("people, places and events", ENTITIES.name in kinds, "lampstand library download theographic"),
        ("a Strong's dictionary", LEXICON.name in kinds, "./packaging/run.sh --install-only"),
        ("the graph", appliance.folder.graph.exists(), "lampstand graph build"),
    ]
    missing = [(name, command) for name, present, command in requirements if not present]
    if missing:
        raise LibraryIncomplete(
            f"The measurement needs a full library. Missing: {', '.join(name for name, _ in missing)}.",
            remedy=f"Run these commands first: {'; '.join(f'`{command}`' for _, command in missing)}.",
        )


def copy_site(appliance: Appliance, home: Path) -> FootprintSite:
    """Copy the library and its indexes to `home`, with new accounts, jobs and queues.

    Raises LibraryIncomplete or DataFolderServed.
    """
    check_complete(appliance)
    copy = copy_of(appliance, home)
    try:
        vectors = copy.folder.models / VECTOR_CACHE
        vectors.parent.mkdir()
        with contextlib.suppress(FileNotFoundError):
            shutil.copy(appliance.folder.models / VECTOR_CACHE, vectors)
        database, now = copy.appliance_db, copy.clock.time()
        account = site_setup.new_administrator(database.reader, name="Anna", password="seven green lamps burn")  # noqa: S106 - of a temporary folder
        scopes = [Permission.READ, Permission.ADMINISTER]
        with database.write() as work:
            person = site_setup.create_administrator(work, account, now=now)
            created = api_tokens.create_token(work, person=person, name="measurement", scopes=scopes, days=1, now=now)
        translation = queries.find_translation(copy.library, appliance.derived.index_state().translation or "")
        return FootprintSite(
            home=home,
            environment=environment_of_copy(os.environ, appliance.settings),
            token=created.token,
            translation=translation,
            material=material_of(copy.library, translation.id),
        )
    finally:
        copy.close()


def environment_of_copy(environment: Mapping[str, str], settings: Settings) -> dict[str, str]:
    """Return the environment for commands on a copy. Of the settings, only the settings about the library are kept.

    Other settings can name the address of a queue server or a model runtime, which belong to the original data folder.
    """
    library_settings = {
        name: getattr(settings, name) for name in ("default_translation", "embedded_translation", "embedding_model")
    }
    return {
        **{name: value for name, value in environment.items() if not name.startswith(ENVIRONMENT_PREFIX)},
        **{f"{ENVIRONMENT_PREFIX}{name.upper()}": value for name, value in library_settings.items()},
    }
