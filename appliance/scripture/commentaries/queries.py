"""Queries for comments."""

from appliance.infrastructure.database import Database
from appliance.scripture.commentaries import store
from appliance.scripture.commentaries.comment import PassageComment
from appliance.scripture.paging import Page, page_of
from appliance.scripture.references import Reference, format_range


def comments(database: Database, reference: Reference, *, after: int = 0, limit: int = 100) -> Page[PassageComment]:
    """Return a page of the comments on a passage, sorted by commentary. Within one, comments on more verses come first."""
    rows = store.select_comments(database.reader, reference.start, reference.end, after=after, limit=limit + 1)
    entries = (
        PassageComment(
            commentary=item_id,
            name=name,
            attribution=attribution,
            reference=format_range(comment.start, comment.end),
            paragraphs=comment.paragraphs,
        )
        for item_id, name, attribution, comment in rows
    )
    return page_of(entries, after, limit, characters=lambda comment: sum(map(len, comment.paragraphs)))
