"""Reads of commentaries."""

from appliance.infrastructure.database import Database
from appliance.scripture.commentaries import store
from appliance.scripture.commentaries.comment import CommentOf
from appliance.scripture.paging import Page, page_of
from appliance.scripture.references import Reference


def comments(database: Database, reference: Reference, *, after: int = 0, limit: int = 100) -> Page[CommentOf]:
    """The comments on a passage, by commentary, those on more verses first."""
    found = store.each_comment(database.reader, reference.start, reference.end, after=after, limit=limit + 1)
    entries = (
        CommentOf(name, title, source, each.start, each.end, each.paragraphs) for name, title, source, each in found
    )
    return page_of(entries, after, limit, characters=lambda each: sum(map(len, each.paragraphs)))
