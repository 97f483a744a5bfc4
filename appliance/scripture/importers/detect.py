"""What a file or folder is, told by its content."""

import contextlib
import stat
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from appliance.errors import NotFound, Refused
from appliance.infrastructure.opening import files_inside, open_regular, shown_name, shown_text
from appliance.scripture.importers import archive, link_tables, pythonbible, theographic
from appliance.scripture.importers.osis.text import read_osis
from appliance.scripture.importers.source import ItemSource, SourceUnreadable
from appliance.scripture.importers.sword.blocks import COMMENTARY_DRIVERS
from appliance.scripture.importers.sword.commentary import read_commentary
from appliance.scripture.importers.sword.configuration import read_configurations
from appliance.scripture.importers.sword.dictionary import read_dictionary
from appliance.scripture.importers.sword.text import read_text
from appliance.scripture.importers.usfm.text import read_usfm

READABLE = "SWORD modules (a folder or zip), OSIS XML, USFM (files, a folder or zip), tables of cross references or topic votes, Theographic's CSV files (a folder or zip)"
_TABLE_SUFFIXES = {".txt", ".tsv"}
_USFM_SUFFIXES = {".usfm", ".sfm", ".usf"}
_XML_SUFFIXES = {".xml", ".osis"}
MAX_SOURCES = 500


class SourceNotFound(NotFound):
    """Nothing lies at the path."""


@contextlib.contextmanager
def open_sources(
    location: str,
    *,
    only: frozenset[str] = frozenset(),
    scratch_in: Path | None = None,
    on_file: Callable[[], None] = lambda: None,
) -> Iterator[list[ItemSource[Any]]]:
    """The texts and dictionaries at a path, or `pythonbible:WEB`; readable until the context ends.

    `only` keeps the named ids of several; archives are unpacked below `scratch_in`. The path may be a link; one in the
    folder that it names may not lead out of it. `on_file` is called often, and may raise to stop.
    Raises SourceNotFound, SourceUnreadable or FileRefused.
    """
    if location.startswith(f"{pythonbible.ORIGIN}:"):
        yield [pythonbible.read_pythonbible(location.partition(":")[2])]
        return
    path = Path(location)
    shown = shown_text(location, most=200)
    with tempfile.TemporaryDirectory(prefix="lampstand-import-", dir=scratch_in) as scratch:
        if _is_folder(path, shown):
            sources = _folder_sources(path, shown_name(path), on_file)
        elif _begins_with(path, b"PK"):
            unpacked = Path(scratch) / "unpacked"
            unpacked.mkdir()
            archive.unpack(path, unpacked, on_chunk=on_file)
            sources = _folder_sources(unpacked, shown_name(path.with_suffix("")), on_file)
        else:
            sources = [_file_source(path)]
        if len(sources) > MAX_SOURCES:
            raise SourceUnreadable(
                f"{shown} has {len(sources):,} texts and dictionaries.",
                remedy=f"Import at most {MAX_SOURCES} at a time.",
            )
        kept = [source for source in sources if not only or source.id in only]
        if not kept:
            raise SourceNotFound(
                f"{shown} has none of {', '.join(sorted(only))}.",
                remedy=f"It has {', '.join(source.id for source in sources)}.",
            )
        yield kept


def _is_folder(path: Path, shown: str) -> bool:
    """Raises SourceNotFound where there is nothing at a path, or it cannot be looked at."""
    try:
        return stat.S_ISDIR(path.stat().st_mode)
    except (OSError, ValueError) as error:
        raise SourceNotFound(f"There is no file or folder {shown}.", remedy=f"Give {READABLE}.") from error


def _begins_with(path: Path, magic: bytes) -> bool:
    with open_regular(path, most=archive.MAX_TOTAL_BYTES) as file:
        return file.read(len(magic)) == magic


def _folder_sources(folder: Path, name: str, on_file: Callable[[], None]) -> list[ItemSource[Any]]:
    try:
        roots = [folder, *(child for child in sorted(folder.iterdir()) if child.is_dir())]
        root = next((each for each in roots if (each / "mods.d").is_dir()), None)
    except OSError as error:
        raise SourceUnreadable(f"The folder {name} cannot be read.", remedy="Check its permissions.") from error
    if root:
        return _modules(root, folder, on_file)
    entities = theographic.read_theographic(folder)
    if entities:
        return [entities]
    files = files_inside(folder)
    books = [path for path in files if path.suffix.lower() in _USFM_SUFFIXES]
    if books:
        return [read_usfm(books, name=name, inside=folder)]
    documents = [path for path in files if path.suffix.lower() in _XML_SUFFIXES]
    if documents:
        return [read_osis(path, inside=folder) for path in _one_by_one(documents, on_file)]
    tables = [
        table
        for path in _one_by_one([path for path in files if path.suffix.lower() in _TABLE_SUFFIXES], on_file)
        if (table := link_tables.read_table(path, inside=folder))
    ]
    if tables:
        return list(tables)
    raise SourceUnreadable(f"{name} holds nothing that can be read.", remedy=f"Read are {READABLE}.")


def _one_by_one(files: list[Path], on_file: Callable[[], None]) -> Iterator[Path]:
    for path in files:
        on_file()
        yield path


def _modules(root: Path, folder: Path, on_file: Callable[[], None]) -> list[ItemSource[Any]]:
    """Every module of a root that can be read; where none can, the reason for the first."""
    sources: list[ItemSource[Any]] = []
    problem: Refused | None = None
    for configuration in read_configurations(root, inside=folder):
        on_file()
        try:
            driver = configuration.value("ModDrv")
            if driver == "zLD":
                sources.append(read_dictionary(configuration))
            elif driver in COMMENTARY_DRIVERS:
                sources.append(read_commentary(configuration))
            else:
                sources.append(read_text(configuration))
        except Refused as error:
            problem = problem or error
    if not sources and problem:
        raise problem
    return sources


def _file_source(path: Path) -> ItemSource[Any]:
    with open_regular(path) as file:
        head = file.read(4096).removeprefix(b"\xef\xbb\xbf").lstrip()
    if head.startswith(b"\\id"):
        return read_usfm([path], name=shown_name(path.with_suffix("")))
    if head.startswith(b"<"):
        return read_osis(path)
    table = link_tables.read_table(path)
    if table is not None:
        return table
    raise SourceUnreadable(f"{shown_name(path)} is nothing that can be read.", remedy=f"Read are {READABLE}.")
