"""Verses by their words: FTS5, in the order of BM25."""

from appliance.infrastructure.database import Database, Reader
from appliance.scripture.canon import VerseRange
from appliance.scripture.numbering import numbering
from appliance.scripture.search.fts import TextQuery, any_of
from appliance.scripture.translations.translation import Translation

# FTS5 drives and each of its rows is looked up once; CROSS JOIN keeps the planner from turning that around.
MATCH = """
SELECT v.verse_id FROM verses_fts AS f CROSS JOIN verses AS v ON v.id = f.rowid
WHERE f.verses_fts MATCH :expression AND v.translation = :translation AND v.verse_id BETWEEN :start AND :end
ORDER BY f.rank LIMIT :limit
"""
# How deep words are read; also how far a reader can page where there is no ranking.
DEPTH = 400
# How far a verse's number in another versification may be from the hub's: chapters are moved by one.
NUMBERING_SHIFT = 2_000


def search_words(
    database: Database,
    query: TextQuery | None,
    translation: Translation,
    verses: VerseRange,
    limit: int,
    *,
    loose: bool = False,
) -> list[int]:
    """Verse ids of the hub by BM25, best first: with all the words, then (`loose`) with any of the telling ones."""
    if query is None:
        return []
    numbers = numbering(translation.versification)
    own = VerseRange(verses.start - NUMBERING_SHIFT, verses.end + NUMBERING_SHIFT) if numbers.differs else verses
    matches = map(numbers.to_hub, match_words(database.reader, query, translation.id, own, limit, loose=loose))
    return [verse_id for verse_id in dict.fromkeys(matches) if verse_id in verses]


def match_words(
    reader: Reader, query: TextQuery, translation: str, verses: VerseRange, limit: int, *, loose: bool
) -> list[int]:
    """As `search_words`, in the translation's own numbers."""
    matches = _match(reader, query.expression, translation, verses, limit)
    if loose and not query.structured and len(matches) < limit:
        some = _match(reader, any_of(query), translation, verses, limit)
        matches = list(dict.fromkeys([*matches, *some]))[:limit]
    return matches


def _match(reader: Reader, expression: str, translation: str, verses: VerseRange, limit: int) -> list[int]:
    # The column narrows what FTS5 reads; its tokens cannot tell WEB from WEB-PB, so the row is looked at too.
    parameters = {
        "expression": f'text : ({expression}) AND translation : "{translation}"',
        "translation": translation,
        "start": verses.start,
        "end": verses.end,
        "limit": limit,
    }
    return [int(verse_id) for (verse_id,) in reader.rows(MATCH, parameters)]
