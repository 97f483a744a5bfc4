"""Verses that have the words of a query."""

import re

from appliance.errors import Refused
from appliance.infrastructure.database import Database
from appliance.scripture.search.candidates import Candidates, explain_by_places
from appliance.scripture.search.fts import TextQuery, parse_query
from appliance.scripture.search.request import Request
from appliance.scripture.search.word_search import search_words

_EXCLUSION = re.compile(r"(?:^|\s)(?:NOT\s+|-)\w")


class QueryRefused(Refused):
    """The query is empty, too long, only excludes words, or asks for more verses than one page has."""


def find(library: Database, request: Request) -> Candidates:
    """Verses with all the words, best by BM25 first. Raises QueryRefused."""
    query = parse(request.text, request.text)
    return candidates_by_words(query, search_words(library, query, request.translation, request.verses, request.depth))


def parse(text: str, typed: str) -> TextQuery | None:
    """The words of a text; None where it has none. Raises QueryRefused where what was `typed` only excludes words."""
    query = parse_query(text)
    if query is None and _EXCLUSION.search(typed):
        raise QueryRefused("The query only excludes words.", remedy="Say also what to find, such as: faith NOT works.")
    return query


def candidates_by_words(query: TextQuery | None, verse_ids: list[int], notice: str | None = None) -> Candidates:
    """Verses that were found by words, best first."""
    scores = [(verse_id, round(1.0 / place, 6)) for place, verse_id in enumerate(verse_ids, start=1)]
    return Candidates(
        ranked=scores,
        explain=explain_by_places(verse_ids),
        marked_words=query.words if query else (),
        notice=notice,
    )
