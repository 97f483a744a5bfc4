"""Finds verses by their words with FTS5, in the order of BM25."""

from appliance.infrastructure.database import Database, Reader
from appliance.scripture.canon import WHOLE_CANON, VerseRange
from appliance.scripture.numbering import numbering
from appliance.scripture.search.fts import TextQuery, loose_expression
from appliance.scripture.translations.translation import Translation

# With CROSS JOIN, SQLite starts from FTS5 and looks up each row of FTS5 once. Otherwise, its planner could do the reverse.
MATCH = """
SELECT v.verse_id FROM verses_fts AS f CROSS JOIN verses AS v ON v.id = f.rowid
WHERE f.verses_fts MATCH :expression AND v.translation = :translation AND v.verse_id BETWEEN :start AND :end
ORDER BY f.rank LIMIT :limit
"""
# The maximum number of verses by words. Without a ranking model, a reader can page through this many verses.
DEPTH = 400
# The maximum difference between a verse id in another versification and in the hub, because chapters can shift by one.
NUMBERING_SHIFT = 2_000
# For a shift, two chapters are added before a range and two after it. These four chapters have fewer verses than this.
MAX_SHIFTED_VERSES = 1_000


def search_words(
    database: Database,
    query: TextQuery | None,
    translation: Translation,
    verses: VerseRange,
    limit: int,
    *,
    loose: bool = False,
) -> list[int]:
    """Return verse ids in the hub versification, best BM25 score first.

    Verses that contain all words come first. If `loose` is true, verses with any content word follow.
    """
    if query is None:
        return []
    numbers = numbering(translation.versification)
    own_range, own_limit = verses, limit
    if numbers.differs and verses != WHOLE_CANON:
        # The verses before and after the range are left out below. They must not take the places of verses of the range.
        own_range = VerseRange(verses.start - NUMBERING_SHIFT, verses.end + NUMBERING_SHIFT)
        own_limit += MAX_SHIFTED_VERSES
    matches = match_words(database.reader, query, translation.id, own_range, own_limit, loose=loose)
    hub_ids = dict.fromkeys(map(numbers.to_hub, matches))
    return [verse_id for verse_id in hub_ids if verse_id in verses][:limit]


def match_words(
    reader: Reader, query: TextQuery, translation: str, verses: VerseRange, limit: int, *, loose: bool
) -> list[int]:
    """Return the same verses as `search_words`, but with ids in the versification of the translation."""
    matches = _match(reader, query.expression, translation, verses, limit)
    if loose and not query.structured and len(matches) < limit:
        loose_matches = _match(reader, loose_expression(query), translation, verses, limit)
        matches = list(dict.fromkeys([*matches, *loose_matches]))[:limit]
    return matches


def _match(reader: Reader, expression: str, translation: str, verses: VerseRange, limit: int) -> list[int]:
    # The column filter of FTS5 reads fewer rows. Its tokens cannot distinguish WEB from WEB-PB, so SQL checks the id again.
    parameters = {
        "expression": f'text : ({expression}) AND translation : "{translation}"',
        "translation": translation,
        "start": verses.start,
        "end": verses.end,
        "limit": limit,
    }
    return [int(verse_id) for (verse_id,) in reader.rows(MATCH, parameters)]
