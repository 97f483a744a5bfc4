"""Unpacks archives from untrusted sources. Paths outside the folder, links and decompression bombs are refused."""

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
# The largest number of bytes that `zipfile` may read at a time. It reads the whole list of files at once, and creates an
# object of half a kilobyte for each file.
MAX_READ_BYTES = 4 * 2**20
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
# The errors that `zipfile` raises for damaged files.
_DAMAGE_ERRORS = (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, ValueError, LookupError)


class ArchiveRefused(SourceUnreadable):
    """The archive is damaged, too large, or would write outside its folder."""


class _BoundedReader(io.BufferedReader):
    """Limits each read to the size of a small list of files."""

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(MAX_READ_BYTES + 1 if size is None or size < 0 else min(size, MAX_READ_BYTES + 1))
        if len(data) > MAX_READ_BYTES:
            raise zipfile.BadZipFile
        return data


def unpack(path: Path, into: Path, *, inside: Path | None = None, on_chunk: Callable[[], None] = lambda: None) -> None:
    """Unpack a zip file into the empty folder `into`. `on_chunk` is called often, and may raise an exception to stop.

    Raises ArchiveRefused or FileRefused. Before an error, files may be written, but only in `into`.
    """
    name = shown_name(path)
    with _BoundedReader(open_regular(path, inside=inside, max_bytes=MAX_TOTAL_BYTES).detach()) as file:
        try:
            with zipfile.ZipFile(file) as archive:
                members = archive.infolist()
                if len(members) > MAX_FILES:
                    raise ArchiveRefused(
                        f"{name} contains {len(members):,} files. At most {MAX_FILES:,} are allowed.",
                        remedy="Choose a smaller archive.",
                    )
                _unpack_members(archive, members, into, name, on_chunk)
        except OSError as error:
            raise ArchiveRefused(
                f"{name} cannot be unpacked: {error.strerror or 'the reason is unknown'}.",
                remedy="Check that the disk has free space and that the file names in the archive are not too long.",
            ) from error
        except _DAMAGE_ERRORS as error:
            raise ArchiveRefused(f"{name} is not a complete zip file.", remedy="Download it again.") from error


def _unpack_members(
    archive: zipfile.ZipFile, members: list[zipfile.ZipInfo], into: Path, name: str, on_chunk: Callable[[], None]
) -> None:
    bytes_left = MAX_TOTAL_BYTES
    for member in members:
        on_chunk()
        target = _target(member, into, name)
        if member.is_dir():
            target.mkdir(parents=True, exist_ok=True)
            continue
        if member.compress_type not in _METHODS:
            raise ArchiveRefused(
                f"{name} uses an unsupported compression method.",
                remedy="Pack the files again as an ordinary zip file.",
            )
        if target.exists() or any(parent.is_file() for parent in target.parents):
            raise ArchiveRefused(f"{name} contains {_member_name(member)} twice.", remedy="Download it again.")
        target.parent.mkdir(parents=True, exist_ok=True)
        with archive.open(member) as packed, target.open("wb") as out:
            # Count the bytes while they are written, because the sizes in the header may be wrong.
            while data := packed.read(CHUNK_BYTES):
                on_chunk()
                bytes_left -= len(data)
                if bytes_left < 0:
                    raise ArchiveRefused(
                        f"{name} unpacks to more than {size_of(MAX_TOTAL_BYTES)}. No translation is that large.",
                        remedy="Choose another file.",
                    )
                out.write(data)


def _target(member: zipfile.ZipInfo, into: Path, name: str) -> Path:
    inside = PurePosixPath(member.filename.replace("\\", "/"))
    mode = member.external_attr >> 16
    if not inside.parts:
        return into
    if inside.is_absolute() or ".." in inside.parts or ":" in inside.parts[0]:
        raise ArchiveRefused(
            f"{name} would write to {_member_name(member)}, outside its own folder.",
            remedy="Do not use this file. It may be malicious.",
        )
    if mode and stat.S_ISLNK(mode):
        raise ArchiveRefused(
            f"{name} contains a link, {_member_name(member)}.", remedy="Pack the files themselves instead of links."
        )
    return into / inside


def _member_name(member: zipfile.ZipInfo) -> str:
    return shown_name(Path(member.filename))
