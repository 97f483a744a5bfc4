"""The stored comments of commentaries."""

import itertools
from collections.abc import Sequence

import pytest
from fakes.library_items import put_item

from appliance.infrastructure.database import Database
from appliance.scripture.commentaries.comment import Comment
from appliance.scripture.commentaries.kinds import COMMENTARY
from appliance.scripture.commentaries.store import delete_comments, insert_comments, select_comments

GENESIS_1, GENESIS_2 = 1_001_000, 1_002_000


def selected(library: Database, first: int, last: int, *, after: int = 0, limit: int = 100) -> list[str]:
    """The first paragraphs of the comments on a verse range."""
    rows = select_comments(library.reader, first, last, after=after, limit=limit)
    return [comment.paragraphs[0] for _, _, _, comment in rows]


def on(start: int, end: int, text: str = "Words") -> Comment:
    return Comment(start, end, (text,))


def test_a_comment_is_read_as_it_was_written(library: Database) -> None:
    comment = Comment(GENESIS_1 + 3, GENESIS_1 + 5, ("Light.", "A second\nparagraph."))
    put_item(library, COMMENTARY, "Small", [comment])

    assert [("Small", "Small by hand", "By hand.", comment)] == list(
        select_comments(library.reader, GENESIS_1 + 4, GENESIS_1 + 4, after=0, limit=1)
    )


def test_exactly_the_comments_that_overlap_a_range_are_selected(library: Database) -> None:
    """Compare with all comments on two chapters of four verses."""
    verses = [chapter + verse for chapter in (GENESIS_1, GENESIS_2) for verse in range(1, 5)]
    ranges = [(start, end) for start, end in ordered_pairs(verses) if start // 1_000 == end // 1_000]
    put_item(library, COMMENTARY, "Small", [on(start, end, f"{start}-{end}") for start, end in ranges])

    for first, last in ordered_pairs(verses):
        overlapping = {f"{start}-{end}" for start, end in ranges if start <= last and end >= first}
        assert overlapping == set(selected(library, first, last))


def ordered_pairs(verses: Sequence[int]) -> list[tuple[int, int]]:
    return list(itertools.combinations_with_replacement(verses, 2))


def test_the_introduction_of_a_chapter_belongs_to_each_of_its_verses(library: Database) -> None:
    put_item(library, COMMENTARY, "Small", [on(GENESIS_1, GENESIS_1 + 999, "Chapter 1")])

    assert ["Chapter 1"] == selected(library, GENESIS_1 + 31, GENESIS_1 + 31)
    assert [] == selected(library, GENESIS_2 + 1, GENESIS_2 + 1)


def test_a_commentary_is_read_from_the_longest_comment_to_the_shortest(library: Database) -> None:
    comments = [
        on(GENESIS_1 + 2, GENESIS_1 + 2, "short"),
        on(GENESIS_1 + 2, GENESIS_1 + 9, "long"),
        on(GENESIS_1 + 1, GENESIS_1 + 2, "early"),
    ]
    put_item(library, COMMENTARY, "B", comments)
    put_item(library, COMMENTARY, "A", [on(GENESIS_1 + 2, GENESIS_1 + 2, "of A")])

    assert ["of A", "early", "long", "short"] == selected(library, GENESIS_1 + 2, GENESIS_1 + 2)


@pytest.mark.parametrize(
    ("after", "limit", "texts"), [(0, 2, ["1", "2"]), (2, 2, ["3"]), (3, 2, []), (1, 1, ["2"]), (0, 0, [])]
)
def test_a_page_of_comments_begins_after_the_earlier_ones(
    library: Database, after: int, limit: int, texts: list[str]
) -> None:
    put_item(
        library, COMMENTARY, "Small", [on(GENESIS_1 + verse, GENESIS_1 + verse, str(verse)) for verse in (1, 2, 3)]
    )

    assert texts == selected(library, GENESIS_1, GENESIS_1 + 999, after=after, limit=limit)


def test_deleting_a_commentary_keeps_the_others(library: Database) -> None:
    for name in ("A", "B"):
        put_item(library, COMMENTARY, name, [on(GENESIS_1 + 1, GENESIS_1 + 1, f"of {name}")])
    with library.write() as work:
        delete_comments(work, "A")
        delete_comments(work, "no such commentary")

    assert ["of B"] == selected(library, GENESIS_1, GENESIS_1 + 999)


def test_comments_need_a_library_item(library: Database) -> None:
    with pytest.raises(Exception, match="FOREIGN KEY"), library.write() as work:
        insert_comments(work, "no such commentary", [on(GENESIS_1 + 1, GENESIS_1 + 1)])

    assert [] == selected(library, GENESIS_1, GENESIS_1 + 999)
