"""Unpacking archives from unknown people: no path outside, no links, no bombs."""

import io
import stat
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from appliance.infrastructure.opening import open_regular, shown_name, size_of
from appliance.scripture.importers.source import SourceUnreadable

MAX_FILES = 10_000
MAX_TOTAL_BYTES = 512 * 2**20
CHUNK_BYTES = 1 << 20
# What is read at once: the list of a zip's files is, and each of its lines becomes an object of half a kilobyte.
MAX_READ_BYTES = 4 * 2**20
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
# What `zipfile` raises for damaged files, beside BadZipFile.
_DAMAGED = (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, ValueError, LookupError)


class ArchiveRefused(SourceUnreadable):
    """The archive is damaged, or would write outside its folder or more than it may."""


class _BoundedReader(io.BufferedReader):
    """Reads no more at once than a small list of files needs."""

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(MAX_READ_BYTES + 1 if size is None or size < 0 else min(size, MAX_READ_BYTES + 1))
        if len(data) > MAX_READ_BYTES:
            raise zipfile.BadZipFile
        return data


def unpack(path: Path, into: Path, *, inside: Path | None = None, on_chunk: Callable[[], None] = lambda: None) -> None:
    """Unpack a zip into an empty folder; `on_chunk` is called often, and may raise to stop.

    Raises ArchiveRefused or FileRefused; files that were written by then are in `into` only.
    """
    name = shown_name(path)
    with _BoundedReader(open_regular(path, inside=inside, most=MAX_TOTAL_BYTES).detach()) as file:
        try:
            with zipfile.ZipFile(file) as archive:
                members = archive.infolist()
                if len(members) > MAX_FILES:
                    raise ArchiveRefused(
                        f"{name} holds {len(members):,} files.", remedy=f"At most {MAX_FILES:,} are unpacked."
                    )
                _unpack_members(archive, members, into, name, on_chunk)
        except OSError as error:
            raise ArchiveRefused(
                f"{name} cannot be unpacked: {error.strerror or 'the disk does not say why'}.",
                remedy="Is there room on the disk, and are the names in the archive short enough?",
            ) from error
        except _DAMAGED as error:
            raise ArchiveRefused(f"{name} is not a whole zip file.", remedy="Download it again.") from error


def _unpack_members(
    archive: zipfile.ZipFile, members: list[zipfile.ZipInfo], into: Path, name: str, on_chunk: Callable[[], None]
) -> None:
    left = MAX_TOTAL_BYTES
    for member in members:
        on_chunk()
        target = _target(member, into, name)
        if member.is_dir():
            target.mkdir(parents=True, exist_ok=True)
            continue
        if member.compress_type not in _METHODS:
            raise ArchiveRefused(
                f"{name} is packed by a method that is not read.", remedy="Pack it again as an ordinary zip file."
            )
        if target.exists() or any(parent.is_file() for parent in target.parents):
            raise ArchiveRefused(f"{name} holds {_shown(member)} twice.", remedy="Download it again.")
        target.parent.mkdir(parents=True, exist_ok=True)
        with archive.open(member) as packed, target.open("wb") as out:
            # Counted as it is written: the sizes in the header are only what the packer says.
            while data := packed.read(CHUNK_BYTES):
                on_chunk()
                left -= len(data)
                if left < 0:
                    raise ArchiveRefused(
                        f"{name} unpacks to more than {size_of(MAX_TOTAL_BYTES)}.",
                        remedy="No Bible text is that large.",
                    )
                out.write(data)


def _target(member: zipfile.ZipInfo, into: Path, name: str) -> Path:
    inside = PurePosixPath(member.filename.replace("\\", "/"))
    mode = member.external_attr >> 16
    if not inside.parts:
        return into
    if inside.is_absolute() or ".." in inside.parts or ":" in inside.parts[0]:
        raise ArchiveRefused(
            f"{name} would write to {_shown(member)}, outside its own folder.", remedy="Do not trust it."
        )
    if mode and stat.S_ISLNK(mode):
        raise ArchiveRefused(f"{name} holds a link, {_shown(member)}.", remedy="Pack the files themselves.")
    return into / inside


def _shown(member: zipfile.ZipInfo) -> str:
    return shown_name(Path(member.filename))
