"""Copies of Debian's SWORD modules, which tests can damage."""

import shutil
from pathlib import Path

from appliance.infrastructure.database import Database
from appliance.scripture.importers.detect import open_sources
from appliance.scripture.operations import import_source


def copy_module(sword_root: Path, into: Path, module: str = "engKJV2006eb") -> Path:
    """Copy a text module and return the folder of its data files."""
    data = Path("modules/texts/ztext") / module
    (into / "mods.d").mkdir(parents=True)
    shutil.copy(sword_root / "mods.d" / f"{module}.conf", into / "mods.d")
    shutil.copytree(sword_root / data, into / data)
    return into / data


def import_from(library: Database, location: Path) -> None:
    """Import everything at a location."""
    with open_sources(str(location)) as sources:
        for source in sources:
            import_source(library, source)
