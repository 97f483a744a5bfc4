"""Detects the format of a file or folder from its content."""

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
from appliance.scripture.importers.sword.text import read_translation
from appliance.scripture.importers.usfm.text import read_usfm

SUPPORTED_FORMATS = (
    "SWORD modules (a folder or zip), OSIS XML, USFM (files, a folder or zip), tables of cross references or topic votes, "
    "Theographic's CSV files (a folder or zip)"
)
_TABLE_SUFFIXES = {".txt", ".tsv"}
_USFM_SUFFIXES = {".usfm", ".sfm", ".usf"}
_XML_SUFFIXES = {".xml", ".osis"}
MAX_SOURCES = 500


class SourceNotFound(NotFound):
    """There is nothing at the path, or the path contains none of the ids."""


@contextlib.contextmanager
def open_sources(
    location: str,
    *,
    only: frozenset[str] = frozenset(),
    scratch_in: Path | None = None,
    on_file: Callable[[], None] = lambda: None,
) -> Iterator[list[ItemSource[Any]]]:
    """Open the library items at a path, or at `pythonbible:WEB`. The items can be read until the context ends.

    `only` limits the items to some ids. Archives are unpacked in the folder `scratch_in`. The path itself may be a link, but
    links in its folder must not lead out of the folder. `on_file` is called often, and may raise an exception to stop.
    Raises SourceNotFound, SourceUnreadable or FileRefused.
    """
    if location.startswith(f"{pythonbible.ORIGIN}:"):
        yield [pythonbible.read_pythonbible(location.partition(":")[2])]
        return
    path = Path(location)
    location_name = shown_text(location, max_length=200)
    with tempfile.TemporaryDirectory(prefix="lampstand-import-", dir=scratch_in) as scratch:
        if _is_folder(path, location_name):
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
                f"{location_name} contains {len(sources):,} library items.",
                remedy=f"Import at most {MAX_SOURCES} items at a time.",
            )
        selected = [source for source in sources if not only or source.id in only]
        if not selected:
            raise SourceNotFound(
                f"{location_name} contains none of {', '.join(sorted(only))}.",
                remedy=f"Choose from {', '.join(source.id for source in sources)}.",
            )
        yield selected


def _is_folder(path: Path, location_name: str) -> bool:
    """Return True if a path is a folder. Raises SourceNotFound if the path is missing or cannot be accessed."""
    try:
        return stat.S_ISDIR(path.stat().st_mode)
    except (OSError, ValueError) as error:
        raise SourceNotFound(
            f"There is no file or folder {location_name}.",
            remedy=f"Check the path. Supported formats: {SUPPORTED_FORMATS}.",
        ) from error


def _begins_with(path: Path, magic: bytes) -> bool:
    with open_regular(path, max_bytes=archive.MAX_TOTAL_BYTES) as file:
        return file.read(len(magic)) == magic


def _folder_sources(folder: Path, name: str, on_file: Callable[[], None]) -> list[ItemSource[Any]]:
    try:
        roots = [folder, *(child for child in sorted(folder.iterdir()) if child.is_dir())]
        module_root = next((root for root in roots if (root / "mods.d").is_dir()), None)
    except OSError as error:
        raise SourceUnreadable(f"The folder {name} cannot be read.", remedy="Check its permissions.") from error
    if module_root:
        return _modules(module_root, folder, on_file)
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
    raise SourceUnreadable(
        f"{name} contains no file in a supported format.", remedy=f"Supported formats: {SUPPORTED_FORMATS}."
    )


def _one_by_one(files: list[Path], on_file: Callable[[], None]) -> Iterator[Path]:
    for path in files:
        on_file()
        yield path


def _modules(root: Path, folder: Path, on_file: Callable[[], None]) -> list[ItemSource[Any]]:
    """Return all readable modules of a SWORD root. If none is readable, raise the error of the first module."""
    sources: list[ItemSource[Any]] = []
    first_error: Refused | None = None
    for configuration in read_configurations(root, inside=folder):
        on_file()
        try:
            driver = configuration.value("ModDrv")
            if driver == "zLD":
                sources.append(read_dictionary(configuration))
            elif driver in COMMENTARY_DRIVERS:
                sources.append(read_commentary(configuration))
            else:
                sources.append(read_translation(configuration))
        except Refused as error:
            first_error = first_error or error
    if not sources and first_error:
        raise first_error
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
    raise SourceUnreadable(
        f"The format of {shown_name(path)} is not supported.", remedy=f"Supported formats: {SUPPORTED_FORMATS}."
    )
