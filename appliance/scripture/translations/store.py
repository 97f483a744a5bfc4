"""The SQL statements of translations and their verses, for library.db. Only the package `scripture` uses them."""

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from appliance.infrastructure.database import Reader, UnitOfWork
from appliance.infrastructure.vectors import VectorTable
from appliance.scripture.canon import VerseRange
from appliance.scripture.translations.stored_markup import decode_markup, encode_markup
from appliance.scripture.translations.verse import Verse

EMBEDDING_DIMENSIONS = 384
VERSE_VECTORS = VectorTable("verse_vectors", EMBEDDING_DIMENSIONS)

DELETE_FTS = (
    "INSERT INTO verses_fts (verses_fts, rowid, text, translation) "
    "SELECT 'delete', id, text, translation FROM verses WHERE translation = :translation"
)
DELETE_VERSES = "DELETE FROM verses WHERE translation = :translation"
# This keeps the vectors, so the vector of an unchanged verse is not computed again.
DISOWN_VECTORS = "UPDATE embedded_verses SET translation = '' WHERE translation = :translation"
INSERT_VERSE = """
INSERT INTO verses (translation, verse_id, text, markup, through)
VALUES (:translation, :verse_id, :text, :markup, :through)
"""
INSERT_FTS = (
    "INSERT INTO verses_fts (rowid, text, translation) SELECT id, text, translation FROM verses "
    "WHERE translation = :translation"
)
SELECT_RANGE = """
SELECT verse_id, text, markup, through FROM verses WHERE translation = :translation
AND verse_id BETWEEN :start - 50 AND :end AND max(verse_id, through) >= :start ORDER BY verse_id LIMIT :limit
"""
SELECT_TEXTS = """
SELECT v.verse_id, v.text FROM json_each(:ids) AS ids CROSS JOIN verses AS v
ON v.translation = :translation AND v.verse_id = ids.value
"""
SELECT_CHAPTERS = (
    "SELECT DISTINCT verse_id / 1000 FROM verses WHERE translation = ? AND verse_id BETWEEN ? AND ? ORDER BY 1"
)
SELECT_BOOKS = "SELECT DISTINCT verse_id / 1000000 FROM verses WHERE translation = ? ORDER BY 1"
PREVIOUS_CHAPTER = "SELECT max(verse_id) FROM verses WHERE translation = ? AND verse_id < ?"
NEXT_CHAPTER = "SELECT min(verse_id) FROM verses WHERE translation = ? AND verse_id > ?"
SELECT_MARKUP = "SELECT verse_id, markup FROM verses WHERE translation = ? ORDER BY verse_id"


def select_strongs(reader: Reader, translation: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the id of each verse of a translation with its Strong's numbers. A number that occurs twice is listed twice."""
    for verse_id, markup in reader.rows(SELECT_MARKUP, (translation,)):
        words = msgspec.msgpack.decode(markup)[0]
        yield int(verse_id), [strongs for _, _, numbers in words for strongs in numbers]


def insert_verses(work: UnitOfWork, translation: str, verses: Iterable[Verse]) -> None:
    """Write the verses of a translation, and index their words."""
    rows = (
        {
            "translation": translation,
            "verse_id": verse.verse_id,
            "text": verse.text,
            "markup": encode_markup(verse.markup),
            "through": verse.through,
        }
        for verse in verses
    )
    work.execute_many(INSERT_VERSE, rows)
    work.execute(INSERT_FTS, {"translation": translation})


def delete_verses(work: UnitOfWork, translation: str) -> None:
    """Delete the verses of a translation. The vectors stay, so the vector index can use them again."""
    for statement in (DISOWN_VECTORS, DELETE_FTS, DELETE_VERSES):
        work.execute(statement, {"translation": translation})


def select_range(reader: Reader, translation: str, verses: VerseRange, limit: int) -> list[Verse]:
    """Return the verses of a range. Verses that are printed as one are included even if they begin before the range."""
    parameters = {"translation": translation, "start": verses.start, "end": verses.end, "limit": limit}
    return [
        Verse(verse_id, text, decode_markup(markup), through)
        for verse_id, text, markup, through in reader.rows(SELECT_RANGE, parameters)
    ]


def select_texts(reader: Reader, translation: str, verse_ids: Sequence[int]) -> dict[int, str]:
    """Return the texts of verses by verse_id. Verses that are not in the translation are left out."""
    parameters = {"ids": msgspec.json.encode(list(verse_ids)).decode(), "translation": translation}
    return {int(verse_id): str(text) for verse_id, text in reader.rows(SELECT_TEXTS, parameters)}
