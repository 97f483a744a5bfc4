"""Reads people, places and events from a folder of Theographic Bible Metadata: CSV files, recognised by their columns.

https://github.com/robertrouse/theographic-bible-metadata, CC BY-SA 4.0. Its descriptions are from Easton's Bible Dictionary.
"""

import contextlib
import csv
import hashlib
import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from appliance.errors import ApplianceError
from appliance.infrastructure.numbers import whole_number
from appliance.infrastructure.opening import files_inside, open_regular, shown_name
from appliance.scripture.entities.entity import Entity, EntityKind
from appliance.scripture.entities.kinds import ENTITIES
from appliance.scripture.importers.source import ItemSource, SourceUnreadable
from appliance.scripture.numbering import numbering
from appliance.scripture.references import parse_osis

_LINK = re.compile(r"\[([^\[\]]*)\]\([^)\[\]]*\)")
# The largest known table has 6 MiB.
MAX_TABLE_BYTES = 32 * 2**20
MAX_YEAR = 9_999
MAX_DEGREES = 360
# For the column by which each file is recognised, the kind of the file's rows.
_KIND_OF_COLUMN = {"personLookup": EntityKind.PERSON, "placeLookup": EntityKind.PLACE, "startDate": EntityKind.EVENT}
Row = dict[str, str]


def read_theographic(folder: Path) -> ItemSource[Entity] | None:
    """Return the people, places and events of a folder, or None if the folder has no such files.

    Raises FileRefused if a file is not a regular file, or is a link that leads out of the folder. Reading the entries can
    also raise SourceUnreadable.
    """
    tables = [path for path in files_inside(folder) if path.suffix == ".csv"]
    files = {kind: path for path in tables if (kind := _kind(path, folder))}
    if EntityKind.PERSON not in files and EntityKind.PLACE not in files:
        return None
    digest = hashlib.sha256()
    for _, path in sorted(files.items()):
        with open_regular(path, inside=folder) as file:
            while data := file.read(1 << 20):
                digest.update(data)
    return ItemSource(
        kind=ENTITIES,
        id="Theographic",
        name="Theographic Bible Metadata",
        licence="CC BY-SA 4.0",
        attribution="Robert Rouse and others, theographic.netlify.app; descriptions from Easton's Bible Dictionary",
        origin="CSV files of Theographic Bible Metadata",
        digest=digest.hexdigest(),
        entries=lambda: _entities(files, folder),
    )


@contextlib.contextmanager
def _table(path: Path, folder: Path, errors: str) -> Iterator[io.TextIOWrapper]:
    with (
        open_regular(path, inside=folder, max_bytes=MAX_TABLE_BYTES) as file,
        io.TextIOWrapper(file, encoding="utf-8-sig", newline="", errors=errors) as lines,
    ):
        yield lines


def _kind(path: Path, folder: Path) -> EntityKind | None:
    with _table(path, folder, "replace") as lines:
        try:
            columns = set(next(csv.reader([lines.readline(1 << 16)]), []))
        except csv.Error:
            return None
    return next((kind for column, kind in _KIND_OF_COLUMN.items() if column in columns), None)


def _entities(files: dict[EntityKind, Path], folder: Path) -> Iterator[Entity]:
    readers: dict[EntityKind, Callable[[Row], Entity]] = {
        EntityKind.PERSON: _person,
        EntityKind.PLACE: _place,
        EntityKind.EVENT: _event,
    }
    seen_ids: set[str] = set()
    for kind, path in files.items():
        with _table(path, folder, "strict") as lines:
            try:
                for row in csv.DictReader(lines, restval=""):
                    entity = readers[kind](row)
                    # Some rows have no name or no verse, and one id occurs twice. Such rows are skipped.
                    if entity.name and entity.verse_ids and entity.id not in seen_ids:
                        seen_ids.add(entity.id)
                        yield entity
            except KeyError as error:
                raise SourceUnreadable(
                    f"{shown_name(path)} has no column {error.args[0]}.", remedy="Download it again."
                ) from error
            except (csv.Error, UnicodeDecodeError) as error:
                raise SourceUnreadable(
                    f"{shown_name(path)} is not a CSV file in UTF-8.",
                    remedy="Download it again.",
                ) from error


def _person(row: Row) -> Entity:
    also = tuple(filter(None, (row["surname"], *_list(row["alsoCalled"]))))
    return Entity(
        id=row["personLookup"],
        kind=EntityKind.PERSON,
        name=row["displayTitle"] or row["name"],
        aliases=also,
        description=_plain(row["dictText"]),
        year=_year(row["birthYear"] or row["minYear"]),
        verse_ids=_verses(row["verses"]),
    )


def _place(row: Row) -> Entity:
    name = row["displayTitle"] or row["kjvName"] or row["esvName"]
    also = tuple(
        dict.fromkeys(
            alias for alias in (row["kjvName"], row["esvName"], *_list(row["aliases"])) if alias not in ("", name)
        )
    )
    return Entity(
        id=row["placeLookup"],
        kind=EntityKind.PLACE,
        name=name,
        aliases=also,
        description=_plain(row["dictText"]),
        latitude=_degrees(row["latitude"]),
        longitude=_degrees(row["longitude"]),
        verse_ids=_verses(row["verses"]),
    )


def _event(row: Row) -> Entity:
    return Entity(
        id=f"event_{row['ID']}",
        kind=EntityKind.EVENT,
        name=row["title"],
        year=_year(row["startDate"]),
        participants=tuple(dict.fromkeys([*_list(row["participants"]), *_list(row["locations"])])),
        verse_ids=_verses(row["verses"]),
    )


def _list(text: str) -> list[str]:
    return [item.strip() for item in text.split(",") if item.strip()]


def _plain(markdown: str) -> str:
    return _LINK.sub(r"\1", markdown).strip()


def _year(text: str) -> int | None:
    sign, digits = (-1, text[1:]) if text.startswith("-") else (1, text)
    year = whole_number(digits.split("-", maxsplit=1)[0], max_value=MAX_YEAR)
    return None if year is None else sign * year


def _degrees(text: str) -> float | None:
    try:
        degrees = float(text)
    except ValueError:
        return None
    return degrees if -MAX_DEGREES <= degrees <= MAX_DEGREES else None


def _verses(text: str) -> tuple[int, ...]:
    """Convert verses from the KJV versification to the hub versification. Invalid verses are left out."""
    to_hub = numbering("KJV").to_hub
    verse_ids: list[int] = []
    for osis in _list(text):
        try:
            reference = parse_osis(osis)
        except ApplianceError:
            continue
        if reference:
            verse_ids.append(to_hub(reference.start))
    return tuple(dict.fromkeys(verse_ids))
