"""Vectors of texts that were embedded before: the latest in memory, the rest on disk, where they outlive the runtime.

A vector belongs to (weights, normalised text). On disk there are two generations: new vectors and those asked for again
go to the younger; when it has grown to its share of the bound, the older is dropped whole and the younger becomes the
older. So what is used stays, and nothing is ever deleted one by one.
"""

import hashlib
import threading
import unicodedata
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import lmdb
import structlog

MEMORY_ENTRIES = 4096
# Vectors of so long go to disk together: each writing costs what a short pass over texts does.
GATHERING_S = 0.25
# Pages that a transaction changes are written beside the old ones, so a large one needs much free room.
WRITTEN_TOGETHER = 64
# Of the bound. The rest is room for changed pages, free lists and a dropped generation that is not yet written over.
_GENERATION_SHARE = 0.375
_FILE = "data.mdb"
_GENERATIONS = (b"generation-0", b"generation-1")
_YOUNGER = b"younger"

# The key of a text and its vector.
Entry = tuple[bytes, bytes]
_log = structlog.get_logger()


def normalise(text: str) -> str:
    """The form in which a text is embedded and remembered: NFC, with single spaces."""
    return unicodedata.normalize("NFC", " ".join(text.split()))


class EmbeddingCache:
    """At most `capacity` bytes on disk. Safe to call from several threads."""

    def __init__(self, folder: Path, capacity: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._capacity = capacity
        self._lock = threading.Lock()
        self._pending: list[Entry] = []
        self._hurry = threading.Event()
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="embedding-cache")
        self._recent: OrderedDict[bytes, bytes] = OrderedDict()
        _remove_larger(folder, capacity)
        try:
            self._environment = _open(folder, capacity)
        except lmdb.Error as error:
            # After a power cut its pages may be damaged. What it held can be computed again.
            _log.warning("remembered vectors are damaged and forgotten", reason=str(error))
            for file in folder.glob("*.mdb"):
                file.unlink()
            self._environment = _open(folder, capacity)
        self._generations = [self._environment.open_db(name) for name in _GENERATIONS]

    def get(self, weights: str, texts: Sequence[str], *, remember: bool = True) -> list[bytes | None]:
        """The vector of each normalised text, or None. Without `remember`, this does not count as its use."""
        keys = [_key(weights, text) for text in texts]
        vectors: list[bytes | None] = []
        with self._lock:
            for key in keys:
                vector = self._recent.get(key)
                if vector is not None and remember:
                    self._recent.move_to_end(key)
                vectors.append(vector)
        if None in vectors:
            entries, promoted = self._look_on_disk(keys, vectors)
            if remember:
                self._remember(entries)
                self._write_soon(promoted)
        return vectors

    def put(self, weights: str, texts: Sequence[str], vectors: Sequence[bytes]) -> None:
        """Remember vectors of normalised texts: at once in memory, soon on disk."""
        entries = [(_key(weights, text), vector) for text, vector in zip(texts, vectors, strict=True)]
        self._remember(entries)
        self._write_soon(entries)

    def flush(self) -> None:
        """Wait until all is on disk."""
        self._hurry.set()
        self._writer.submit(int).result()
        self._hurry.clear()

    def close(self) -> None:
        """Bring all to the disk and let go of it."""
        self._hurry.set()
        self._writer.shutdown()
        self._environment.sync(True)  # noqa: FBT003 - the library's signature
        self._environment.close()

    def __len__(self) -> int:
        with self._environment.begin() as transaction:
            return sum(int(transaction.stat(generation)["entries"]) for generation in self._generations)

    def _look_on_disk(self, keys: Sequence[bytes], vectors: list[bytes | None]) -> tuple[list[Entry], list[Entry]]:
        """Fill in what is on disk; all that was there, and what of it is in the older generation."""
        entries: list[Entry] = []
        promoted: list[Entry] = []
        with self._environment.begin() as transaction:
            younger = self._younger(transaction)
            for index, key in enumerate(keys):
                if vectors[index] is not None:
                    continue
                vector = transaction.get(key, db=self._generations[younger])
                if vector is None:
                    vector = transaction.get(key, db=self._generations[1 - younger])
                    if vector is not None:
                        promoted.append((key, bytes(vector)))
                if vector is not None:
                    vectors[index] = bytes(vector)
                    entries.append((key, bytes(vector)))
        return entries, promoted

    def _remember(self, entries: Sequence[Entry]) -> None:
        with self._lock:
            for key, vector in entries:
                self._recent[key] = vector
                self._recent.move_to_end(key)
            while len(self._recent) > MEMORY_ENTRIES:
                self._recent.popitem(last=False)

    def _write_soon(self, entries: Sequence[Entry]) -> None:
        if not entries:
            return
        with self._lock:
            gathering = bool(self._pending)
            self._pending += entries
        if not gathering:
            self._writer.submit(self._gather)

    def _gather(self) -> None:
        self._hurry.wait(GATHERING_S)
        with self._lock:
            entries, self._pending = self._pending, []
        for at in range(0, len(entries), WRITTEN_TOGETHER):
            self._write(entries[at : at + WRITTEN_TOGETHER])

    def _write(self, entries: Sequence[Entry]) -> None:
        try:
            with self._environment.begin(write=True) as transaction:
                younger = self._younger(transaction)
                if self._size(transaction, younger) >= self._capacity * _GENERATION_SHARE:
                    younger = 1 - younger
                    transaction.drop(self._generations[younger], delete=False)
                    transaction.put(_YOUNGER, bytes([younger]))
                with transaction.cursor(self._generations[younger]) as cursor:
                    cursor.putmulti(entries)
        except lmdb.Error as error:
            # A vector that is not remembered is computed again: a full disk is no reason to fail a search.
            _log.warning("vectors are not remembered", reason=str(error))

    def _younger(self, transaction: lmdb.Transaction) -> int:
        younger = transaction.get(_YOUNGER)
        return younger[0] if younger else 0

    def _size(self, transaction: lmdb.Transaction, generation: int) -> int:
        stat = transaction.stat(self._generations[generation])
        return int(stat["psize"]) * (stat["branch_pages"] + stat["leaf_pages"] + stat["overflow_pages"])


def _open(folder: Path, capacity: int) -> lmdb.Environment:
    return lmdb.open(str(folder), map_size=capacity, max_dbs=3, sync=False, readahead=False, mode=0o600)


def _remove_larger(folder: Path, capacity: int) -> None:
    """Remove a file of a larger bound: LMDB never makes a file smaller, and its vectors can be computed again."""
    file = folder / _FILE
    if file.exists() and file.stat().st_size > capacity:
        _log.info("the file of remembered vectors is larger than its bound and is replaced", bytes=file.stat().st_size)
        file.unlink()


def _key(weights: str, text: str) -> bytes:
    return hashlib.blake2b(f"{weights}\0{text}".encode(), digest_size=16).digest()
