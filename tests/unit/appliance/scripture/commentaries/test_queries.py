"""The comments on a passage."""

from fakes.library_items import put_item

from appliance.infrastructure.database import Database
from appliance.scripture.commentaries.comment import Comment, PassageComment
from appliance.scripture.commentaries.kinds import COMMENTARY
from appliance.scripture.commentaries.queries import comments
from appliance.scripture.paging import MAX_CHARACTERS
from appliance.scripture.references import parse_reference

JOHN_3 = 43_003_000


def comment_on(first: int, last: int, *paragraphs: str) -> Comment:
    return Comment(JOHN_3 + first, JOHN_3 + last, paragraphs)


def test_a_comment_has_its_commentary_and_reference(library: Database) -> None:
    put_item(library, COMMENTARY, "Small", [comment_on(16, 18, "One.", "Two.")])
    (comment,) = comments(library, parse_reference("John 3:17")).items

    assert comment == PassageComment(
        commentary="Small",
        name="Small by hand",
        attribution="By hand.",
        reference="John 3:16–18",
        paragraphs=("One.", "Two."),
    )


def test_comments_overlap_the_passage_and_are_sorted_by_commentary_and_length(library: Database) -> None:
    put_item(
        library,
        COMMENTARY,
        "B",
        [comment_on(16, 16, "b verse"), comment_on(0, 999, "b chapter"), comment_on(17, 17, "b other")],
    )
    put_item(library, COMMENTARY, "A", [comment_on(14, 16, "a")])
    page = comments(library, parse_reference("John 3:16"))

    assert ["a", "b chapter", "b verse"] == [comment.paragraphs[0] for comment in page.items]
    assert [] == comments(library, parse_reference("John 4")).items


def test_a_page_continues_after_the_previous_page(library: Database) -> None:
    put_item(library, COMMENTARY, "A", [comment_on(verse, verse, f"on {verse}") for verse in (1, 2, 3)])
    chapter = parse_reference("John 3")
    first = comments(library, chapter, limit=2)

    assert (["on 1", "on 2"], 2) == ([comment.paragraphs[0] for comment in first.items], first.next_after)
    last = comments(library, chapter, after=2, limit=2)
    assert (["on 3"], None) == ([comment.paragraphs[0] for comment in last.items], last.next_after)


def test_pages_of_long_comments_have_fewer_comments(library: Database) -> None:
    long = "a" * (MAX_CHARACTERS // 2 + 1)
    put_item(library, COMMENTARY, "A", [comment_on(verse, verse, long) for verse in (1, 2)])

    assert 1 == comments(library, parse_reference("John 3")).next_after
