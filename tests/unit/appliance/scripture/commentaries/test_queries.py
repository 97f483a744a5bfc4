"""What commentaries say about a passage."""

from fakes.library_items import put_item

from appliance.infrastructure.database import Database
from appliance.scripture.commentaries.comment import Comment, PassageComment
from appliance.scripture.commentaries.kinds import COMMENTARY
from appliance.scripture.commentaries.queries import comments
from appliance.scripture.paging import MAX_CHARACTERS
from appliance.scripture.references import parse_reference

JOHN_3 = 43_003_000


def on(first: int, last: int, *paragraphs: str) -> Comment:
    return Comment(JOHN_3 + first, JOHN_3 + last, paragraphs)


def test_a_comment_comes_with_its_commentary_and_passage(library: Database) -> None:
    put_item(library, COMMENTARY, "Small", [on(16, 18, "One.", "Two.")])
    (comment,) = comments(library, parse_reference("John 3:17")).items

    assert comment == PassageComment(
        commentary="Small",
        name="Small by hand",
        attribution="By hand.",
        reference="John 3:16–18",
        paragraphs=("One.", "Two."),
    )


def test_comments_are_those_that_touch_the_passage_by_commentary_on_more_verses_first(library: Database) -> None:
    put_item(library, COMMENTARY, "B", [on(16, 16, "b verse"), on(0, 999, "b chapter"), on(17, 17, "b other")])
    put_item(library, COMMENTARY, "A", [on(14, 16, "a")])
    found = comments(library, parse_reference("John 3:16"))

    assert ["a", "b chapter", "b verse"] == [each.paragraphs[0] for each in found.items]
    assert [] == comments(library, parse_reference("John 4")).items


def test_a_page_follows_the_one_before(library: Database) -> None:
    put_item(library, COMMENTARY, "A", [on(verse, verse, f"on {verse}") for verse in (1, 2, 3)])
    chapter = parse_reference("John 3")
    first = comments(library, chapter, limit=2)

    assert (["on 1", "on 2"], 2) == ([each.paragraphs[0] for each in first.items], first.next_after)
    last = comments(library, chapter, after=2, limit=2)
    assert (["on 3"], None) == ([each.paragraphs[0] for each in last.items], last.next_after)


def test_long_comments_make_pages_of_fewer(library: Database) -> None:
    long = "a" * (MAX_CHARACTERS // 2 + 1)
    put_item(library, COMMENTARY, "A", [on(verse, verse, long) for verse in (1, 2)])

    assert 1 == comments(library, parse_reference("John 3")).next_after
