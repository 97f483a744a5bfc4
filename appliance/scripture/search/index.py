"""The vector index: finds the verses and headings that have no vector, and computes their vectors.

A vector is stored under the digest of its model and its text. So if an unchanged text is imported again or moves to another
row, it keeps its vector.
"""

import hashlib
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec

from appliance.infrastructure.database import Database, Reader, UnitOfWork
from appliance.scripture.dictionaries import store
from appliance.scripture.migrations import HEADING_DIGESTS_SCHEMA, MIGRATE_HEADING_VECTORS
from appliance.scripture.search.ports import Embedder
from appliance.scripture.translations import queries
from appliance.scripture.translations.store import VERSE_VECTORS
from appliance.scripture.translations.translation import Translation

BATCH = 512
_CATCH_ALL = re.compile(r"\b(?:general|unclassified) scriptures\b", re.IGNORECASE)

SELECT_DIGESTS = "SELECT verse_id, digest FROM embedded_verses"
UPDATE_TRANSLATION = "UPDATE embedded_verses SET translation = ? WHERE verse_id = ? AND translation <> ?"
SELECT_VERSES = "SELECT verse_id, text FROM verses WHERE translation = ?"
UPSERT_DIGEST = "INSERT OR REPLACE INTO embedded_verses (verse_id, translation, digest) VALUES (?, ?, ?)"
DELETE_DIGEST = "DELETE FROM embedded_verses WHERE verse_id = ?"
COUNT_DIGESTS = "SELECT count(*) FROM embedded_verses"
CLEAR_DIGESTS = "DELETE FROM embedded_verses"
SELECT_STATE = "SELECT model, dead FROM embedding_state WHERE id = 1"
SET_STATE = "INSERT OR REPLACE INTO embedding_state (id, model, dead) VALUES (1, ?, ?)"
SELECT_MIGRATED_HEADINGS = """
SELECT v.heading, v.model, h.headword, h.heading FROM heading_vectors_by_row AS v JOIN headings AS h ON h.id = v.heading
"""
COUNT_EMBEDDED = "SELECT count(*) FROM embedded_verses WHERE translation = ?"


class IndexState(msgspec.Struct, frozen=True):
    """How many verses can be searched by meaning."""

    translation: str | None
    model: str | None
    embedded: int
    total: int

    @property
    def complete(self) -> bool:
        return self.total > 0 and self.embedded >= self.total


def embedded_translation(database: Database, preferred: str) -> Translation | None:
    """Return the translation whose verses get vectors, so that it can be searched by meaning.

    It is the preferred translation, or otherwise the first English translation, or otherwise the first translation.
    """
    translations = queries.translations(database)
    english = [translation for translation in translations if translation.language.startswith("en")]
    chosen = next((translation for translation in translations if translation.id == preferred), None)
    return chosen or next(iter(english or translations), None)


def index_state(database: Database, preferred: str, model: str) -> IndexState:
    """Return the state of the index for `model`. Vectors of another model are not counted."""
    translation = embedded_translation(database, preferred)
    state = database.reader.row(SELECT_STATE)
    usable = state is not None and state[0] == model
    return IndexState(
        translation=translation.id if translation else None,
        model=str(state[0]) if state else None,
        embedded=int(database.reader.value(COUNT_EMBEDDED, (translation.id,))) if usable and translation else 0,
        total=translation.verses if translation else 0,
    )


def build_index(
    database: Database,
    embedder: Embedder,
    preferred: str,
    on_progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> int:
    """Compute a vector for every verse whose text has none yet. Return the number of these verses.

    Each batch is a separate unit of work, so an interruption does not lose earlier batches. Vectors that no verse needs are
    deleted only at the end, because a text may use them again until then. Raises Unavailable if the model cannot be used.
    """
    translation = embedded_translation(database, preferred)
    if translation is None:
        return 0
    texts = {int(verse_id): str(text) for verse_id, text in database.reader.rows(SELECT_VERSES, (translation.id,))}
    _clear_for_another_model(database, embedder.model)
    present = _digests(database.reader)
    digests = {verse_id: _digest(embedder.model, text) for verse_id, text in texts.items()}
    unchanged = [verse_id for verse_id in texts if present.get(verse_id) == digests[verse_id]]
    with database.write() as work:
        work.execute_many(UPDATE_TRANSLATION, [(translation.id, verse_id, translation.id) for verse_id in unchanged])
    stale = {verse_id: digests[verse_id] for verse_id in texts.keys() - unchanged}
    reused = _reuse_vectors(database, translation.id, stale, present)
    verses_by_digest = _by_digest((digest, verse_id) for verse_id, digest in stale.items() if verse_id not in reused)
    # The texts in a batch have similar lengths, which keeps padding small.
    missing = sorted(verses_by_digest, key=lambda digest: len(texts[verses_by_digest[digest][0]]))
    done = len(unchanged) + len(reused)
    on_progress(done, len(texts))
    for start in range(0, len(missing), BATCH):
        batch = missing[start : start + BATCH]
        vectors = embedder.embed([texts[verses_by_digest[digest][0]] for digest in batch])
        rows = [
            (verse_id, digest, vector)
            for digest, vector in zip(batch, vectors, strict=True)
            for verse_id in verses_by_digest[digest]
        ]
        _store_vectors(database, translation.id, rows, present)
        done += len(rows)
        on_progress(done, len(texts))
    _drop_unneeded(database, texts.keys())
    return len(stale) - len(reused)


def count_unembedded_headings(database: Database, model: str) -> int:
    """Return the number of topic headings that have no vector of a model yet."""
    return len(database.reader.rows(store.SELECT_BARE_HEADINGS, (model,)))


def embed_headings(
    database: Database, embedder: Embedder, on_progress: Callable[[int, int], None] = lambda _done, _total: None
) -> int:
    """Compute vectors for the topic headings that have none yet. Return the number of these headings. Raises Unavailable.

    Vectors that no heading needs are deleted at the end.
    """
    model = embedder.model
    rows = database.reader.rows(store.SELECT_BARE_HEADINGS, (model,))
    texts = {int(row): heading_text(headword, heading) for row, headword, heading in rows}
    headings_by_digest = _by_digest((_digest(model, text), row) for row, text in texts.items())
    present = {bytes(digest) for (digest,) in database.reader.rows(store.SELECT_HEADING_DIGESTS)}
    with database.write() as work:
        _store_heading_digests(
            work, model, {digest: headings_by_digest[digest] for digest in headings_by_digest.keys() & present}
        )
    missing = sorted(headings_by_digest.keys() - present, key=lambda digest: len(texts[headings_by_digest[digest][0]]))
    for start in range(0, len(missing), BATCH):
        batch = missing[start : start + BATCH]
        vectors = embedder.embed([texts[headings_by_digest[digest][0]] for digest in batch])
        with database.write() as work:
            work.execute_many(store.UPSERT_HEADING_VECTOR, list(zip(batch, vectors, strict=True)))
            _store_heading_digests(work, model, {digest: headings_by_digest[digest] for digest in batch})
        on_progress(start + len(batch), len(missing))
    with database.write() as work:
        work.execute(store.DELETE_UNNEEDED_HEADING_VECTORS)
    return sum(len(headings_by_digest[digest]) for digest in missing)


def heading_text(headword: str, heading: str) -> str:
    """Return the text that is embedded for a heading, such as `Angel: Functions of`.

    If the heading is empty or a catch-all heading, the text is only the headword.
    """
    if not heading or _CATCH_ALL.search(heading):
        return headword.title()
    return f"{headword.title()}: {heading.capitalize() if heading.isupper() else heading}"


def m008_heading_digests(work: UnitOfWork) -> None:
    """Store the vectors of headings by the digest of their text, so they stay if a dictionary is imported again."""
    work.execute("ALTER TABLE heading_vectors RENAME TO heading_vectors_by_row")
    work.execute_script(HEADING_DIGESTS_SCHEMA)
    rows = work.execute(SELECT_MIGRATED_HEADINGS)
    work.execute_many(
        store.UPSERT_EMBEDDED_HEADING,
        [(row, model, _digest(model, heading_text(headword, heading))) for row, model, headword, heading in rows],
    )
    work.execute(MIGRATE_HEADING_VECTORS)
    work.execute("DROP TABLE heading_vectors_by_row")


def _clear_for_another_model(database: Database, model: str) -> None:
    """If the stored vectors are from another model, delete all of them."""
    row = database.reader.row(SELECT_STATE)
    if row is not None and row[0] == model:
        return
    with database.write() as work:
        VERSE_VECTORS.clear(work)
        work.execute(CLEAR_DIGESTS)
        work.execute(SET_STATE, (model, 0))


def _reuse_vectors(
    database: Database, translation: str, digests: Mapping[int, bytes], present: Mapping[int, bytes]
) -> set[int]:
    """Copy stored vectors to verses with the same text. Return the verses that got a vector.

    All vectors are read before the first one is written: a verse may get a new vector while its old vector is still copied.
    """
    verse_of_digest = {digest: verse_id for verse_id, digest in present.items()}
    copied_from = {
        verse_id: verse_of_digest[digest] for verse_id, digest in digests.items() if digest in verse_of_digest
    }
    vectors = VERSE_VECTORS.vectors_of(database.reader, set(copied_from.values()))
    rows = [
        (verse_id, digests[verse_id], vectors[source]) for verse_id, source in copied_from.items() if source in vectors
    ]
    if rows:
        _store_vectors(database, translation, rows, present)
    return {verse_id for verse_id, _, _ in rows}


def _store_vectors(
    database: Database, translation: str, rows: Sequence[tuple[int, bytes, bytes]], present: Mapping[int, bytes]
) -> None:
    """Store the digests and vectors of verses. They replace earlier digests and vectors of these verses."""
    replaced = [verse_id for verse_id, _, _ in rows if verse_id in present]
    with database.write() as work:
        VERSE_VECTORS.replace(work, [(verse_id, vector) for verse_id, _, vector in rows], present=replaced)
        work.execute_many(UPSERT_DIGEST, [(verse_id, translation, digest) for verse_id, digest, _ in rows])
        model, dead = work.execute(SELECT_STATE)[0]
        work.execute(SET_STATE, (model, int(dead) + len(replaced)))


def _drop_unneeded(database: Database, needed: Iterable[int]) -> None:
    """Delete the vectors of verses that no longer exist. If more vectors are deleted than remain, also free their space."""
    unneeded = _digests(database.reader).keys() - needed
    with database.write() as work:
        VERSE_VECTORS.delete(work, unneeded)
        work.execute_many(DELETE_DIGEST, [(verse_id,) for verse_id in unneeded])
        model, dead = work.execute(SELECT_STATE)[0]
        dead = int(dead) + len(unneeded)
        if dead > int(work.execute(COUNT_DIGESTS)[0][0]):
            VERSE_VECTORS.compact(work)
            dead = 0
        work.execute(SET_STATE, (model, dead))


def _store_heading_digests(work: UnitOfWork, model: str, headings_by_digest: Mapping[bytes, Sequence[int]]) -> None:
    work.execute_many(
        store.UPSERT_EMBEDDED_HEADING,
        [(row, model, digest) for digest, rows in headings_by_digest.items() for row in rows],
    )


def _by_digest(rows: Iterable[tuple[bytes, int]]) -> dict[bytes, list[int]]:
    by_digest: defaultdict[bytes, list[int]] = defaultdict(list)
    for digest, row in rows:
        by_digest[digest].append(row)
    return by_digest


def _digests(reader: Reader) -> dict[int, bytes]:
    return {int(verse_id): bytes(digest) for verse_id, digest in reader.rows(SELECT_DIGESTS)}


def _digest(model: str, text: str) -> bytes:
    return hashlib.blake2b(f"{model}\0{text}".encode(), digest_size=16).digest()
