"""People, places and events as Theographic Bible Metadata has them: a folder of CSV files, told by their headings.

https://github.com/robertrouse/theographic-bible-metadata, CC BY-SA 4.0; its descriptions are of Easton's Bible Dictionary.
"""

import csv
import hashlib
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from appliance.errors import ApplianceError
from appliance.scripture.companions.dataset import Entity, EntityKind
from appliance.scripture.importers.source import EntitySource, SourceUnreadable
from appliance.scripture.numbering import numbering
from appliance.scripture.references import parse_osis

_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")
# The heading that tells each file, and what it holds.
_KINDS = {"personLookup": EntityKind.PERSON, "placeLookup": EntityKind.PLACE, "startDate": EntityKind.EVENT}
Row = dict[str, str]


def read_theographic(folder: Path) -> EntitySource | None:
    """The people, places and events of a folder; None where it has no such files. `entities` raises SourceUnreadable."""
    files = {kind: path for path in sorted(folder.rglob("*.csv")) if (kind := _kind(path))}
    if EntityKind.PERSON not in files and EntityKind.PLACE not in files:
        return None
    digest = hashlib.sha256(b"".join(path.read_bytes() for _, path in sorted(files.items()))).hexdigest()
    return EntitySource(
        id="Theographic", name="Theographic Bible Metadata", licence="CC BY-SA 4.0",
        attribution="Robert Rouse and others, theographic.netlify.app; descriptions of Easton's Bible Dictionary",
        digest=digest, entities=lambda: _entities(files),
    )  # fmt: skip


def _kind(path: Path) -> EntityKind | None:
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        try:
            columns = set(next(csv.reader(file), []))
        except csv.Error:
            return None
    return next((kind for heading, kind in _KINDS.items() if heading in columns), None)


def _entities(files: dict[EntityKind, Path]) -> Iterator[Entity]:
    makers: dict[EntityKind, Callable[[Row], Entity]] = {
        EntityKind.PERSON: _person, EntityKind.PLACE: _place, EntityKind.EVENT: _event,
    }  # fmt: skip
    seen: set[str] = set()
    for kind, path in files.items():
        with path.open(encoding="utf-8-sig", newline="") as file:
            try:
                made = [makers[kind](row) for row in csv.DictReader(file, restval="")]
            except (KeyError, csv.Error, UnicodeDecodeError) as error:
                raise SourceUnreadable(f"{path.name} cannot be read: {error}.", remedy="Fetch it again.") from error
        for entity in made:
            # Some have neither a name nor a verse, and one id stands twice.
            if entity.name and entity.verse_ids and entity.id not in seen:
                seen.add(entity.id)
                yield entity


def _person(row: Row) -> Entity:
    also = tuple(filter(None, (row["surname"], *_list(row["alsoCalled"]))))
    return Entity(
        id=row["personLookup"], kind=EntityKind.PERSON, name=row["displayTitle"] or row["name"], also=also,
        description=_plain(row["dictText"]), year=_year(row["birthYear"] or row["minYear"]), verse_ids=_verses(row["verses"]),
    )  # fmt: skip


def _place(row: Row) -> Entity:
    name = row["displayTitle"] or row["kjvName"] or row["esvName"]
    also = tuple(
        dict.fromkeys(
            each for each in (row["kjvName"], row["esvName"], *_list(row["aliases"])) if each not in ("", name)
        )
    )
    return Entity(
        id=row["placeLookup"], kind=EntityKind.PLACE, name=name, also=also, description=_plain(row["dictText"]),
        latitude=_degrees(row["latitude"]), longitude=_degrees(row["longitude"]), verse_ids=_verses(row["verses"]),
    )  # fmt: skip


def _event(row: Row) -> Entity:
    return Entity(
        id=f"event_{row['ID']}", kind=EntityKind.EVENT, name=row["title"], year=_year(row["startDate"]),
        takes_part=tuple(dict.fromkeys([*_list(row["participants"]), *_list(row["locations"])])),
        verse_ids=_verses(row["verses"]),
    )  # fmt: skip


def _list(text: str) -> list[str]:
    return [each.strip() for each in text.split(",") if each.strip()]


def _plain(markdown: str) -> str:
    return _LINK.sub(r"\1", markdown).strip()


def _year(text: str) -> int | None:
    try:
        return int(text.split("-", maxsplit=1)[0] if text[:1] != "-" else f"-{text[1:].split('-', maxsplit=1)[0]}")
    except ValueError:
        return None


def _degrees(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _verses(text: str) -> tuple[int, ...]:
    """Verses of the KJV's numbers in the hub's; what is no verse is left out."""
    to_hub = numbering("KJV").to_hub
    found: list[int] = []
    for osis in _list(text):
        try:
            reference = parse_osis(osis)
        except ApplianceError:
            continue
        if reference:
            found.append(to_hub(reference.start))
    return tuple(dict.fromkeys(found))
