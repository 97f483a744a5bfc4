"""Unpacking what strangers packed: no path outside, no links, no bombs."""

import lzma
import stat
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from appliance.scripture.importers.source import SourceUnreadable

MAX_FILES = 10_000
MAX_TOTAL_BYTES = 512 * 2**20
CHUNK_BYTES = 1 << 20


class ArchiveRefused(SourceUnreadable):
    """The archive is damaged, or would write where or more than it should."""


def unpack(path: Path, into: Path) -> None:
    """Unpack a zip into an empty folder. Raises ArchiveRefused; what was written by then lies in `into` only."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            if len(members) > MAX_FILES:
                raise ArchiveRefused(
                    f"{path.name} holds {len(members):,} files.",
                    remedy=f"At most {MAX_FILES:,} are unpacked.",
                )
            _unpack_members(archive, members, into, path.name)
    except OSError as error:
        raise ArchiveRefused(
            f"{path.name} cannot be unpacked: {error.strerror}.", remedy="Is there room on the disk?"
        ) from error
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, NotImplementedError, RuntimeError, EOFError) as error:
        raise ArchiveRefused(f"{path.name} is not a whole zip file: {error}.", remedy="Fetch it again.") from error


def _unpack_members(archive: zipfile.ZipFile, members: list[zipfile.ZipInfo], into: Path, name: str) -> None:
    left = MAX_TOTAL_BYTES
    for member in members:
        target = _target(member, into, name)
        if member.is_dir():
            target.mkdir(parents=True, exist_ok=True)
            continue
        if target.exists() or any(parent.is_file() for parent in target.parents):
            raise ArchiveRefused(f"{name} holds {member.filename} twice.", remedy="Fetch it again.")
        target.parent.mkdir(parents=True, exist_ok=True)
        with archive.open(member) as packed, target.open("wb") as out:
            # Counted as it is written: the sizes in the header are only what the packer says.
            while data := packed.read(CHUNK_BYTES):
                left -= len(data)
                if left < 0:
                    raise ArchiveRefused(
                        f"{name} unpacks to more than {MAX_TOTAL_BYTES >> 20} MiB.",
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
            f"{name} would write to {member.filename}, outside its own folder.", remedy="Do not trust it."
        )
    if mode and stat.S_ISLNK(mode):
        raise ArchiveRefused(f"{name} holds a link, {member.filename}.", remedy="Pack the files themselves.")
    return into / inside
