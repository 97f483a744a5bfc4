"""A copy of a data folder to start the appliance on, and what the copy needs for every measurement."""

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

# Vectors that were embedded before, as the model runtime keeps them.
REMEMBERED_VECTORS = Path("embeddings", "data.mdb")


class LibraryIncomplete(NotFound):
    """The library lacks something that the measurement needs."""


class RunsAlready(Conflict):
    """The appliance runs on the folder that was to be copied."""


class FootprintSite(msgspec.Struct, frozen=True, kw_only=True):
    """The copy: its folder, the environment of its commands, an administrator's token, what queries are made of."""

    home: Path
    environment: dict[str, str]
    token: str
    text: Translation
    material: Material


def check_complete(appliance: Appliance) -> None:
    """Raises LibraryIncomplete with each missing thing, RunsAlready where the folder is served."""
    if noted_address(appliance.folder):
        raise RunsAlready(
            "Lampstand runs on this data folder. Processes that share memory with it would measure as too small.",
            remedy="Stop it, then try again.",
        )
    kinds = {item.kind for item in installed(appliance.library)}
    needed = [
        ("a complete index by meaning", appliance.derived.index_state().complete, "lampstand index"),
        ("cross references", CROSS_REFERENCES.name in kinds, "lampstand library fetch cross-references"),
        ("people, places and events", ENTITIES.name in kinds, "lampstand library fetch theographic"),
        ("a Strong's dictionary", LEXICON.name in kinds, "./packaging/run.sh --install-only"),
        ("the graph", appliance.folder.graph.exists(), "lampstand graph build"),
    ]
    missing = [(what, command) for what, present, command in needed if not present]
    if missing:
        raise LibraryIncomplete(
            f"The full library is needed. This one lacks {', '.join(what for what, _ in missing)}.",
            remedy=f"Run these commands first: {'; '.join(f'`{command}`' for _, command in missing)}.",
        )


def copy_site(appliance: Appliance, home: Path) -> FootprintSite:
    """Copy the library and all that is made from it to `home`, with new accounts, jobs and queues.

    Raises LibraryIncomplete, RunsAlready.
    """
    check_complete(appliance)
    copy = copy_of(appliance, home)
    try:
        vectors = copy.folder.models / REMEMBERED_VECTORS
        vectors.parent.mkdir()
        with contextlib.suppress(FileNotFoundError):
            shutil.copy(appliance.folder.models / REMEMBERED_VECTORS, vectors)
        database, now = copy.appliance_db, copy.clock.time()
        account = site_setup.new_administrator(database.reader, name="Anna", password="seven green lamps burn")  # noqa: S106 - of a folder that is deleted
        scopes = [Permission.READ, Permission.ADMINISTER]
        with database.write() as work:
            person = site_setup.create_administrator(work, account, now=now)
            made = api_tokens.create_token(work, person=person, name="measurement", scopes=scopes, days=1, now=now)
        text = queries.find_translation(copy.library, appliance.derived.index_state().translation or "")
        return FootprintSite(
            home=home,
            environment=environment_of_copy(os.environ, appliance.settings),
            token=made.token,
            text=text,
            material=material_of(copy.library, text.id),
        )
    finally:
        copy.close()


def environment_of_copy(environment: Mapping[str, str], settings: Settings) -> dict[str, str]:
    """The environment for commands on a copy: only settings about the library are kept.

    Queues or a model runtime at an address belong to the original.
    """
    kept = {
        name: getattr(settings, name) for name in ("default_translation", "embedded_translation", "embedding_model")
    }
    return {
        **{name: value for name, value in environment.items() if not name.startswith(ENVIRONMENT_PREFIX)},
        **{f"{ENVIRONMENT_PREFIX}{name.upper()}": value for name, value in kept.items()},
    }
