"""The SQL of commentaries, in library.db. Private to `scripture`."""

from collections.abc import Iterable, Iterator

from appliance.infrastructure.database import Reader, UnitOfWork
from appliance.scripture.commentaries.comment import Comment

PARAGRAPH = "\n\n"
INSERT_COMMENT = 'INSERT INTO comments (dataset, start, "end", text) VALUES (?, ?, ?, ?)'
DELETE_COMMENTS = "DELETE FROM comments WHERE dataset = ?"
# Comments stay within a chapter.
SELECT_COMMENTS = """
WITH page AS MATERIALIZED (
    SELECT id FROM comments WHERE start BETWEEN :first / 1000 * 1000 AND :last AND "end" >= :first
    ORDER BY dataset, start, "end" DESC, id LIMIT :limit OFFSET :after
)
SELECT d.id, d.name, d.attribution, c.start, c."end", c.text
FROM page CROSS JOIN comments AS c ON c.id = page.id CROSS JOIN datasets AS d ON d.id = c.dataset
ORDER BY d.id, c.start, c."end" DESC, c.id
"""


def insert_comments(work: UnitOfWork, dataset: str, comments: Iterable[Comment]) -> None:
    rows = ((dataset, each.start, each.end, PARAGRAPH.join(each.paragraphs)) for each in comments)
    work.execute_many(INSERT_COMMENT, rows)


def each_comment(
    reader: Reader, first: int, last: int, *, after: int, limit: int
) -> Iterator[tuple[str, str, str, Comment]]:
    """(dataset id, name, attribution, comment) of the comments that touch a range, without the first `after`."""
    parameters = {"first": first, "last": last, "after": after, "limit": limit}
    for id_, name, attribution, start, end, text in reader.each(SELECT_COMMENTS, parameters):
        yield id_, name, attribution, Comment(start, end, tuple(text.split(PARAGRAPH)))
