"""Interpreting typed queries."""

import pytest

from appliance.scripture.search.fts import parse_query
from appliance.scripture.search.word_counts import word_counts
from appliance.scripture.search.wording import subject_of, vocabulary

VOCABULARY = vocabulary(
    word_counts({"forgiveness": 20, "forgive": 50, "worry": 5, "righteousness": 300, "shepherd": 80, "shepherds": 30})
)


@pytest.mark.parametrize(
    ("question", "subject"),
    [
        ("What does the Bible say about forgiveness?", "forgiveness"),
        ("tell me about worry", "worry"),
        ("What does scripture teach about fear of the Lord", "fear of the Lord"),
        ("forgiveness", "forgiveness"),
        ("who?", "who"),
    ],
)
def test_question_phrases_are_removed(question: str, subject: str) -> None:
    assert subject == subject_of(question)


@pytest.mark.parametrize(
    ("typed", "correction"), [("forgivness", "forgiveness"), ("rightousness", "righteousness"), ("sheperd", "shepherd")]
)
def test_a_misspelt_word_gets_the_most_similar_word_as_correction(typed: str, correction: str) -> None:
    query = parse_query(typed)

    assert query is not None
    assert {typed: correction} == VOCABULARY.corrections(query)


@pytest.mark.parametrize("typed", ["forgiving", "worries", "shepherds", "xyzzyplugh", "wory 12"])
def test_word_forms_and_words_without_a_similar_word_are_not_corrected(typed: str) -> None:
    query = parse_query(typed)

    assert query is not None
    assert not VOCABULARY.corrections(query).keys() - {"wory"}
