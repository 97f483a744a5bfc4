"""Keyword search: finds verses that contain the words of a query."""

import re

from appliance.errors import Refused
from appliance.infrastructure.database import Database
from appliance.scripture.search.candidates import Candidates, explain_by_ranks
from appliance.scripture.search.fts import TextQuery, parse_query
from appliance.scripture.search.request import Request
from appliance.scripture.search.word_search import search_words

_EXCLUSION = re.compile(r"(?:^|\s)(?:NOT\s+|-)\w")


class QueryRefused(Refused):
    """The query is empty, is too long or only excludes words, or the limit is out of range."""


def find(library: Database, request: Request) -> Candidates:
    """Return the verses that contain all words, in the order of BM25. Raises QueryRefused."""
    query = parse(request.text, request.text)
    return candidates_by_words(query, search_words(library, query, request.translation, request.verses, request.depth))


def parse(text: str, typed: str) -> TextQuery | None:
    """Parse the words of a text. Return None if there are none. Raises QueryRefused if `typed` only excludes words."""
    query = parse_query(text)
    if query is None and _EXCLUSION.search(typed):
        raise QueryRefused(
            "The query only excludes words.", remedy="Add a word to search for, such as: faith NOT works."
        )
    return query


def candidates_by_words(query: TextQuery | None, verse_ids: list[int], notice: str | None = None) -> Candidates:
    """Return candidates from verses that were found by words, best first."""
    scores = [(verse_id, round(1.0 / rank, 6)) for rank, verse_id in enumerate(verse_ids, start=1)]
    return Candidates(
        ranked=scores,
        explain=explain_by_ranks(verse_ids),
        marked_words=query.words if query else (),
        notice=notice,
    )
