"""The index by meaning: which verses have a vector, and making those that lack one."""

import hashlib
import re
from collections.abc import Callable

import msgspec

from appliance.infrastructure.database import Database, Reader, UnitOfWork
from appliance.scripture import queries, store
from appliance.scripture.passage import Translation
from appliance.scripture.search.ports import Embedder
from appliance.scripture.store import VERSE_VECTORS

BATCH = 512
_CATCH_ALL = re.compile(r"\b(?:general|unclassified) scriptures\b", re.IGNORECASE)

SELECT_DIGESTS = "SELECT verse_id, digest FROM embedded_verses"
ADOPT = "UPDATE embedded_verses SET translation = ? WHERE verse_id = ? AND translation <> ?"
SELECT_VERSES = "SELECT verse_id, text FROM verses WHERE translation = ?"
UPSERT_DIGEST = "INSERT OR REPLACE INTO embedded_verses (verse_id, translation, digest) VALUES (?, ?, ?)"
DELETE_DIGEST = "DELETE FROM embedded_verses WHERE verse_id = ?"
CLEAR_DIGESTS = "DELETE FROM embedded_verses"
SELECT_STATE = "SELECT model, dead FROM embedding_state WHERE id = 1"
SET_STATE = "INSERT OR REPLACE INTO embedding_state (id, model, dead) VALUES (1, ?, ?)"
COUNT_EMBEDDED = "SELECT count(*) FROM embedded_verses WHERE translation = ?"


class IndexState(msgspec.Struct, frozen=True):
    """How much of the library can be searched by meaning."""

    translation: str | None
    model: str | None
    embedded: int
    total: int

    @property
    def complete(self) -> bool:
        return self.total > 0 and self.embedded >= self.total


def embedded_translation(database: Database, preferred: str) -> Translation | None:
    """The text whose verses are embedded: the preferred one, else the first English one, else the first."""
    known = queries.translations(database)
    english = [each for each in known if each.language.startswith("en")]
    return next((each for each in known if each.id == preferred), None) or next(iter(english or known), None)


def index_state(database: Database, preferred: str, model: str) -> IndexState:
    """The index as `model` can use it: vectors of another model count for nothing."""
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
    """Embed every verse that has no vector of its present text; the number embedded is returned.

    Each batch is a unit of work of its own, so what was done before an interruption stays done. Raises Unavailable
    where the model cannot be had.
    """
    translation = embedded_translation(database, preferred)
    if translation is None:
        return 0
    texts = {int(verse_id): str(text) for verse_id, text in database.reader.rows(SELECT_VERSES, (translation.id,))}
    model = embedder.model
    _settle_state(database, model, set(texts))
    present = _digests(database.reader)
    digests = {verse_id: _digest(model, text) for verse_id, text in texts.items()}
    stale = [verse_id for verse_id in texts if present.get(verse_id) != digests[verse_id]]
    with database.write() as work:
        unchanged = texts.keys() - set(stale)
        work.execute_many(ADOPT, [(translation.id, verse_id, translation.id) for verse_id in unchanged])
        work.commit()
    # Texts of like length go together, so that a batch carries little padding.
    stale.sort(key=lambda verse_id: len(texts[verse_id]))
    done = len(texts) - len(stale)
    on_progress(done, len(texts))
    for at in range(0, len(stale), BATCH):
        batch = stale[at : at + BATCH]
        vectors = embedder.embed([texts[verse_id] for verse_id in batch])
        with database.write() as work:
            replaced = [verse_id for verse_id in batch if verse_id in present]
            VERSE_VECTORS.replace(work, list(zip(batch, vectors, strict=True)), present=replaced)
            work.execute_many(UPSERT_DIGEST, [(verse_id, translation.id, digests[verse_id]) for verse_id in batch])
            _count_dead(work, len(replaced))
            work.commit()
        done += len(batch)
        on_progress(done, len(texts))
    return len(stale)


def bare_headings(database: Database, model: str) -> int:
    """How many headings of topics have no vector of a model yet."""
    return len(database.reader.rows(store.SELECT_BARE_HEADINGS, (model,)))


def embed_headings(
    database: Database, embedder: Embedder, on_progress: Callable[[int, int], None] = lambda _done, _total: None
) -> int:
    """Embed the headings of topics that have no vector yet; the number embedded is returned. Raises Unavailable."""
    rows = database.reader.rows(store.SELECT_BARE_HEADINGS, (embedder.model,))
    texts = sorted(
        ((int(row), heading_text(headword, heading)) for row, headword, heading in rows), key=lambda row: len(row[1])
    )
    for at in range(0, len(texts), BATCH):
        batch = texts[at : at + BATCH]
        vectors = embedder.embed([text for _, text in batch])
        with database.write() as work:
            work.execute_many(
                store.UPSERT_HEADING_VECTOR,
                [(row, embedder.model, vector) for (row, _), vector in zip(batch, vectors, strict=True)],
            )
            work.commit()
        on_progress(at + len(batch), len(texts))
    return len(texts)


def heading_text(headword: str, heading: str) -> str:
    """A heading under its headword as a person would write it: `Angel: Functions of`, and the headword alone for all else."""
    if not heading or _CATCH_ALL.search(heading):
        return headword.title()
    return f"{headword.title()}: {heading.capitalize() if heading.isupper() else heading}"


def _settle_state(database: Database, model: str, wanted: set[int]) -> None:
    """Drop vectors of verses that are gone; begin anew for another model, or where dead rows outnumber the living."""
    row = database.reader.row(SELECT_STATE)
    present = set(_digests(database.reader))
    gone = present - wanted
    dead = int(row[1]) + len(gone) if row else 0
    anew = row is None or row[0] != model or dead > len(present - gone)
    with database.write() as work:
        if anew:
            VERSE_VECTORS.clear(work)
            work.execute(CLEAR_DIGESTS)
            dead = 0
        else:
            VERSE_VECTORS.delete(work, gone)
            work.execute_many(DELETE_DIGEST, [(verse_id,) for verse_id in gone])
        work.execute(SET_STATE, (model, dead))
        work.commit()


def _count_dead(work: UnitOfWork, more: int) -> None:
    if more:
        model, dead = work.execute(SELECT_STATE)[0]
        work.execute(SET_STATE, (model, int(dead) + more))


def _digests(reader: Reader) -> dict[int, bytes]:
    return {int(verse_id): bytes(digest) for verse_id, digest in reader.rows(SELECT_DIGESTS)}


def _digest(model: str, text: str) -> bytes:
    return hashlib.blake2b(f"{model}\0{text}".encode(), digest_size=16).digest()
