"""Simulates a disk that loses power. Data that SQLite wrote but did not sync is kept completely, partly, or not at all."""

import contextlib
import random
from collections.abc import Iterator
from pathlib import Path

import apsw

UNIX = "unix"
SECTOR = 512
FLUSH, KEPT_SHARE = 0.5, 0.5


class PowerCut(Exception):
    """The power of the machine is off."""


class Disk:
    """Records, per file, the synced content and the writes since the last sync. The power fails after `cut_at` writes."""

    def __init__(self, dice: random.Random, cut_at: int) -> None:
        self._dice, self._writes_left = dice, cut_at
        self.synced: dict[str, bytes] = {}
        self.pending: dict[str, list[tuple[int, bytes | None]]] = {}
        self.is_off = False

    def opened(self, name: str, content: bytes) -> None:
        self.synced.setdefault(name, content)
        self.pending.setdefault(name, [])

    def write(self, name: str, offset: int, data: bytes) -> None:
        self._count_write()
        self.pending[name].append((offset, data))

    def truncate(self, name: str, size: int) -> None:
        self._count_write()
        self.pending[name].append((size, None))

    def sync(self, name: str) -> None:
        self.check()
        self.synced[name] = _apply(self.synced[name], self.pending[name])
        self.pending[name] = []

    def delete(self, name: str) -> bool:
        """Delete a file. Returns False after the power cut, because then nothing can be deleted."""
        if self.is_off:
            return False
        self._count_write()
        self.synced.pop(name, None)
        self.pending.pop(name, None)
        return True

    def check(self) -> None:
        if self.is_off:
            raise PowerCut

    def after_the_cut(self) -> dict[str, bytes]:
        """The files after the restart. Each write that was not synced is kept completely, partly, or not at all."""
        return {name: _apply(content, self._survivors(name)) for name, content in self.synced.items()}

    def _survivors(self, name: str) -> list[tuple[int, bytes | None]]:
        if self._dice.random() < FLUSH:
            return []
        kept: list[tuple[int, bytes | None]] = []
        for offset, data in self.pending[name]:
            if data is None:
                kept += [(offset, None)] if self._dice.random() < KEPT_SHARE else []
                continue
            for at in range(0, len(data), SECTOR):
                if self._dice.random() < KEPT_SHARE:
                    kept.append((offset + at, data[at : at + SECTOR]))
        return kept

    def _count_write(self) -> None:
        self.check()
        self._writes_left -= 1
        if self._writes_left < 0:
            self.is_off = True
            raise PowerCut


def _apply(content: bytes, changes: list[tuple[int, bytes | None]]) -> bytes:
    result = bytearray(content)
    for offset, data in changes:
        if data is None:
            del result[offset:]
            continue
        if offset > len(result):
            result.extend(bytes(offset - len(result)))
        result[offset : offset + len(data)] = data
    return bytes(result)


class _File(apsw.VFSFile):
    def __init__(self, disk: Disk, name: str, filename: object, flags: list[int]) -> None:
        super().__init__(UNIX, filename, flags)  # type: ignore[arg-type]
        self._disk, self._name = disk, name
        path = Path(name)
        disk.opened(name, path.read_bytes() if path.exists() else b"")

    def xWrite(self, data: bytes, offset: int) -> None:
        self._disk.write(self._name, offset, bytes(data))
        super().xWrite(data, offset)

    def xTruncate(self, newsize: int) -> None:
        self._disk.truncate(self._name, newsize)
        super().xTruncate(newsize)

    def xSync(self, _flags: int) -> None:
        self._disk.sync(self._name)


class _System(apsw.VFS):
    def __init__(self, disk: Disk) -> None:
        self._disk = disk
        super().__init__("power-cut", base=UNIX, makedefault=True)

    def xOpen(self, name: object, flags: list[int]) -> apsw.VFSFile:
        plain = name.filename() if isinstance(name, apsw.URIFilename) else name
        if not isinstance(plain, str):
            return apsw.VFSFile(UNIX, name, flags)  # type: ignore[arg-type]
        self._disk.check()
        return _File(self._disk, plain, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:
        if self._disk.delete(filename):
            super().xDelete(filename, syncdir)


@contextlib.contextmanager
def power(dice: random.Random, cut_at: int) -> Iterator[Disk]:
    """Within the block, all databases that are opened are on one disk whose power fails after `cut_at` writes."""
    disk = Disk(dice, cut_at)
    system = _System(disk)
    try:
        yield disk
    finally:
        disk.is_off = True
        system.unregister()
