"""The SQL statements of commentaries, for library.db. Only the package `scripture` uses them."""

from collections.abc import Iterable, Iterator

from appliance.infrastructure.database import Reader, UnitOfWork
from appliance.scripture.commentaries.comment import Comment

PARAGRAPH = "\n\n"
INSERT_COMMENT = """
INSERT INTO comments (item, start, "end", text) VALUES (:item, :start, :end, :text)
"""
DELETE_COMMENTS = "DELETE FROM comments WHERE item = :item"
# No comment crosses a chapter border.
SELECT_COMMENTS = """
WITH page AS MATERIALIZED (
    SELECT id FROM comments WHERE start BETWEEN :first / 1000 * 1000 AND :last AND "end" >= :first
    ORDER BY item, start, "end" DESC, id LIMIT :limit OFFSET :after
)
SELECT i.id, i.name, i.attribution, c.start, c."end", c.text
FROM page CROSS JOIN comments AS c ON c.id = page.id CROSS JOIN library_items AS i ON i.id = c.item
ORDER BY i.id, c.start, c."end" DESC, c.id
"""


def insert_comments(work: UnitOfWork, commentary: str, comments: Iterable[Comment]) -> None:
    """Write the comments of a commentary."""
    rows = (
        {"item": commentary, "start": comment.start, "end": comment.end, "text": PARAGRAPH.join(comment.paragraphs)}
        for comment in comments
    )
    work.execute_many(INSERT_COMMENT, rows)


def delete_comments(work: UnitOfWork, commentary: str) -> None:
    """Delete the comments of a commentary."""
    work.execute(DELETE_COMMENTS, {"item": commentary})


def select_comments(
    reader: Reader, first: int, last: int, *, after: int, limit: int
) -> Iterator[tuple[str, str, str, Comment]]:
    """Yield (id, name, attribution, comment) for the comments that overlap a range. Skip the first `after` comments."""
    parameters = {"first": first, "last": last, "after": after, "limit": limit}
    for id_, name, attribution, start, end, text in reader.each(SELECT_COMMENTS, parameters):
        yield id_, name, attribution, Comment(start, end, tuple(text.split(PARAGRAPH)))
