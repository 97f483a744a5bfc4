"""What people type, and what they mean."""

import pytest

from appliance.scripture.search.fts import parse_query
from appliance.scripture.search.word_counts import word_counts
from appliance.scripture.search.wording import subject_of, vocabulary

WORDS = vocabulary(
    word_counts({"forgiveness": 20, "forgive": 50, "worry": 5, "righteousness": 300, "shepherd": 80, "shepherds": 30})
)


@pytest.mark.parametrize(
    ("asked", "subject"),
    [
        ("What does the Bible say about forgiveness?", "forgiveness"),
        ("tell me about worry", "worry"),
        ("What does scripture teach about fear of the Lord", "fear of the Lord"),
        ("forgiveness", "forgiveness"),
        ("who?", "who"),
    ],
)
def test_the_frame_of_a_question_says_nothing(asked: str, subject: str) -> None:
    assert subject == subject_of(asked)


@pytest.mark.parametrize(
    ("typed", "meant"), [("forgivness", "forgiveness"), ("rightousness", "righteousness"), ("sheperd", "shepherd")]
)
def test_a_word_that_no_text_has_is_taken_for_its_neighbour(typed: str, meant: str) -> None:
    query = parse_query(typed)

    assert query is not None
    assert {typed: meant} == WORDS.respelt(query)


@pytest.mark.parametrize("typed", ["forgiving", "worries", "shepherds", "xyzzyplugh", "wory 12"])
def test_forms_of_known_words_and_what_is_near_to_nothing_are_left(typed: str) -> None:
    query = parse_query(typed)

    assert query is not None
    assert not WORDS.respelt(query).keys() - {"wory"}
