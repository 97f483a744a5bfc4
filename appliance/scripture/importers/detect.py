"""What a file or folder is, told by its content."""

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

from appliance.errors import NotFound
from appliance.scripture.importers import (
    archive,
    link_tables,
    osis,
    pythonbible,
    sword,
    sword_commentary,
    sword_dictionary,
    theographic,
    usfm,
)
from appliance.scripture.importers.source import Source, SourceUnreadable

READABLE = "SWORD modules (a folder or zip), OSIS XML, USFM (files, a folder or zip), tables of cross references or topic votes, Theographic's CSV files (a folder or zip)"
_TABLE_SUFFIXES = {".txt", ".tsv"}
_USFM_SUFFIXES = {".usfm", ".sfm", ".usf"}


class SourceNotFound(NotFound):
    """Nothing lies at the path."""


@contextlib.contextmanager
def open_sources(
    location: str, *, only: frozenset[str] = frozenset(), scratch_in: Path | None = None
) -> Iterator[list[Source]]:
    """The texts and dictionaries at a path, or `pythonbible:WEB`; readable until the context ends.

    `only` keeps the named ids of several; archives are unpacked below `scratch_in`. Raises SourceNotFound or SourceUnreadable.
    """
    if location.startswith(f"{pythonbible.ORIGIN}:"):
        yield [pythonbible.read_pythonbible(location.partition(":")[2])]
        return
    path = Path(location).expanduser()
    if not path.exists():
        raise SourceNotFound(f"There is no file or folder {location}.", remedy=f"Give {READABLE}.")
    with tempfile.TemporaryDirectory(prefix="lampstand-import-", dir=scratch_in) as scratch:
        if path.is_file() and _begins_with(path, b"PK"):
            unpacked = Path(scratch) / path.stem
            unpacked.mkdir()
            archive.unpack(path, unpacked)
            path = unpacked
        sources = _folder_sources(path) if path.is_dir() else [_file_source(path)]
        kept = [source for source in sources if not only or source.id in only]
        if not kept:
            raise SourceNotFound(
                f"{location} has none of {', '.join(sorted(only))}.",
                remedy=f"It has {', '.join(source.id for source in sources)}.",
            )
        yield kept


def _begins_with(path: Path, magic: bytes) -> bool:
    with path.open("rb") as file:
        return file.read(len(magic)) == magic


def _folder_sources(folder: Path) -> list[Source]:
    for configurations in [folder, *(child for child in sorted(folder.iterdir()) if child.is_dir())]:
        if (configurations / "mods.d").is_dir():
            return _modules(configurations)
    entities = theographic.read_theographic(folder)
    if entities:
        return [entities]
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in _USFM_SUFFIXES)
    if files:
        return [usfm.read_usfm(files, name=folder.name)]
    documents = sorted(folder.rglob("*.xml")) + sorted(folder.rglob("*.osis"))
    if documents:
        return [osis.read_osis(path) for path in documents]
    tables = [
        found
        for path in sorted(folder.rglob("*"))
        if path.suffix in _TABLE_SUFFIXES and (found := link_tables.read_table(path))
    ]
    if tables:
        return list(tables)
    raise SourceUnreadable(f"{folder.name} holds nothing that can be read.", remedy=f"Read are {READABLE}.")


def _modules(root: Path) -> list[Source]:
    """Every module of a root that can be read; where none can, the reason for the first."""
    sources: list[Source] = []
    problem: SourceUnreadable | None = None
    for configuration in sword.read_configurations(root):
        try:
            driver = configuration.value("ModDrv")
            if driver == "zLD":
                sources.append(sword_dictionary.read_dictionary(configuration))
            elif driver in sword.COMMENTARY_DRIVERS:
                sources.append(sword_commentary.read_commentary(configuration))
            else:
                sources.append(sword.read_text(configuration))
        except SourceUnreadable as error:
            problem = problem or error
    if not sources and problem:
        raise problem
    return sources


def _file_source(path: Path) -> Source:
    with path.open("rb") as file:
        head = file.read(4096).removeprefix(b"\xef\xbb\xbf").lstrip()
    if head.startswith(b"\\id"):
        return usfm.read_usfm([path], name=path.stem)
    if head.startswith(b"<"):
        return osis.read_osis(path)
    table = link_tables.read_table(path)
    if table is not None:
        return table
    raise SourceUnreadable(f"{path.name} is nothing that can be read.", remedy=f"Read are {READABLE}.")
