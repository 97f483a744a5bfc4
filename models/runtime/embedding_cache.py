"""A cache of embedding vectors: the latest are in memory. All are on disk, so they survive a restart of the runtime.

The key of a vector is (weights, normalised text). The file has two generations of vectors. New vectors, and vectors
that are used again, are written to the younger generation. When the younger generation reaches its share of the
capacity, the older generation is dropped. Its place becomes the new younger generation. So vectors that are in use
stay in the cache, and single entries are never deleted.
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
# Vectors are collected for this time and then written together, because a write takes as long as a short pass over texts.
WRITE_DELAY_S = 0.25
# Entries per transaction. LMDB writes changed pages to free pages, so a large transaction needs much free space.
WRITE_BATCH = 64
# The maximum share of the capacity that one generation may use. The rest is for changed pages, for free lists and for
# an old generation that was deleted but not yet overwritten.
_GENERATION_SHARE = 0.375
_FILE = "data.mdb"
_GENERATIONS = (b"generation-0", b"generation-1")
_YOUNGER = b"younger"

# The key of a text, and the vector of the text.
Entry = tuple[bytes, bytes]
_log = structlog.get_logger()


def normalise(text: str) -> str:
    """Return the normalised form of a text, in which it is embedded and cached: NFC, with single spaces."""
    return unicodedata.normalize("NFC", " ".join(text.split()))


class EmbeddingCache:
    """A cache of at most `capacity` bytes on disk. Thread-safe."""

    def __init__(self, folder: Path, capacity: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._capacity = capacity
        self._lock = threading.Lock()
        self._pending: list[Entry] = []
        self._write_now = threading.Event()
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="embedding-cache")
        self._recent: OrderedDict[bytes, bytes] = OrderedDict()
        _remove_larger(folder, capacity)
        try:
            self._environment = _open(folder, capacity)
        except lmdb.Error as error:
            # After a power cut the file may be damaged. The vectors can be computed again.
            _log.warning("embedding cache is damaged; starting with an empty one", reason=str(error))
            for file in folder.glob("*.mdb"):
                file.unlink()
            self._environment = _open(folder, capacity)
        self._generations = [self._environment.open_db(name) for name in _GENERATIONS]

    def get(self, weights: str, texts: Sequence[str], *, remember: bool = True) -> list[bytes | None]:
        """Return the vector of each normalised text, or None. If `remember` is false, this call does not count as a use."""
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
        """Store vectors of normalised texts: immediately in memory, soon on disk."""
        entries = [(_key(weights, text), vector) for text, vector in zip(texts, vectors, strict=True)]
        self._remember(entries)
        self._write_soon(entries)

    def flush(self) -> None:
        """Wait until all vectors are on disk."""
        self._write_now.set()
        self._writer.submit(int).result()
        self._write_now.clear()

    def close(self) -> None:
        """Write all vectors to the disk and close the file."""
        self._write_now.set()
        self._writer.shutdown()
        self._environment.sync(True)  # noqa: FBT003 - the library's signature
        self._environment.close()

    def __len__(self) -> int:
        with self._environment.begin() as transaction:
            return sum(int(transaction.stat(generation)["entries"]) for generation in self._generations)

    def _look_on_disk(self, keys: Sequence[bytes], vectors: list[bytes | None]) -> tuple[list[Entry], list[Entry]]:
        """Fill in the missing vectors from disk. Return the entries read, and those of them from the older generation."""
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
            is_scheduled = bool(self._pending)
            self._pending += entries
        if not is_scheduled:
            self._writer.submit(self._write_pending)

    def _write_pending(self) -> None:
        self._write_now.wait(WRITE_DELAY_S)
        with self._lock:
            entries, self._pending = self._pending, []
        for at in range(0, len(entries), WRITE_BATCH):
            self._write(entries[at : at + WRITE_BATCH])

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
            # A missing vector can be computed again, so a full disk must not make a search fail.
            _log.warning("vectors were not written to the embedding cache", reason=str(error))

    def _younger(self, transaction: lmdb.Transaction) -> int:
        younger = transaction.get(_YOUNGER)
        return younger[0] if younger else 0

    def _size(self, transaction: lmdb.Transaction, generation: int) -> int:
        stat = transaction.stat(self._generations[generation])
        return int(stat["psize"]) * (stat["branch_pages"] + stat["leaf_pages"] + stat["overflow_pages"])


def _open(folder: Path, capacity: int) -> lmdb.Environment:
    return lmdb.open(str(folder), map_size=capacity, max_dbs=3, sync=False, readahead=False, mode=0o600)


def _remove_larger(folder: Path, capacity: int) -> None:
    """Remove a file that is larger than `capacity`: LMDB never shrinks a file, and vectors can be computed again."""
    file = folder / _FILE
    if file.exists() and file.stat().st_size > capacity:
        _log.info("embedding cache is larger than its capacity; replacing it", bytes=file.stat().st_size)
        file.unlink()


def _key(weights: str, text: str) -> bytes:
    return hashlib.blake2b(f"{weights}\0{text}".encode(), digest_size=16).digest()
