"""The passages for a question."""

import pytest
from fakes.small_library import verse_id
from fakes.study import FakeFinder

from appliance.errors import Unavailable
from appliance.infrastructure.database import Database
from appliance.scripture.search.hits import Mode
from appliance.scripture.translations.translation import Translation
from appliance.study.answer import Source
from appliance.study.retrieval import MAX_HITS, MAX_SOURCES, Retrieved, retrieve

QUESTION = "What does the Bible say about lamps?"


class Library:
    """An invented library and its translation."""

    def __init__(self, library: Database, translation: Translation) -> None:
        self._library, self._translation = library, translation

    def retrieve(self, finder: FakeFinder, question: str = QUESTION) -> Retrieved:
        return retrieve(self._library, finder, question, self._translation)

    def passages(self, *verses: tuple[int, int], question: str = QUESTION) -> list[str]:
        """The references of the sources, if the search finds these verses in this order."""
        retrieved = self.retrieve(FakeFinder(*(verse_id(*verse) for verse in verses)), question)
        return [source.reference for source in retrieved.sources]


@pytest.fixture
def small(library: Database, translation: Translation) -> Library:
    return Library(library, translation)


def test_the_subject_of_the_question_is_searched_in_hybrid_mode(small: Library) -> None:
    finder = FakeFinder(notice="Meaning is not searched yet.")
    retrieved = small.retrieve(finder)
    (search,) = finder.wanted

    assert ("lamps", Mode.HYBRID, "Invented", MAX_HITS) == (
        search.query,
        search.mode,
        search.translation.id,
        search.limit,
    )
    assert ("lamps", (), "Meaning is not searched yet.") == (retrieved.subject, retrieved.sources, retrieved.notice)


def test_errors_of_the_search_reach_the_caller(small: Library) -> None:
    with pytest.raises(Unavailable, match="asleep"):
        small.retrieve(FakeFinder(error=Unavailable("The runtime is asleep.")))


def test_a_passage_contains_the_verses_before_and_after_the_hit(small: Library) -> None:
    (source,) = small.retrieve(FakeFinder(verse_id(1, 5))).sources

    assert ("Genesis 1:4–6", "Gen.1.4-Gen.1.6") == (source.reference, source.osis)
    assert (verse_id(1, 4), verse_id(1, 6)) == (source.start, source.end)
    assert " ".join(f"Lamp {number} of evening 1 is lit." for number in (4, 5, 6)) == source.text


def test_a_passage_ends_at_the_end_of_its_chapter(small: Library) -> None:
    assert ["Genesis 1:24–25", "Genesis 2:1–2"] == small.passages((1, 25), (2, 1))


def test_neighbouring_hits_form_one_passage_at_the_rank_of_the_best_hit(small: Library) -> None:
    assert ["Genesis 1:4–9", "Genesis 1:19–21"] == small.passages((1, 5), (1, 20), (1, 8))
    assert ["Genesis 1:4–6", "Genesis 1:8–10"] == small.passages((1, 5), (1, 9))


def test_a_passage_has_at_most_ten_verses(small: Library) -> None:
    assert ["Genesis 1:4–13"] == small.passages((1, 5), (1, 8), (1, 11), (1, 12))
    assert ["Genesis 1:4–12"] == small.passages((1, 5), (1, 8), (1, 11), (1, 14)), (
        "one verse more starts no new passage"
    )


def test_an_answer_has_at_most_eight_passages(small: Library) -> None:
    verses = [(1, number) for number in range(1, 26, 4)] + [(2, 1), (2, 6)]
    passages = small.passages(*verses)

    assert MAX_SOURCES == len(passages)
    assert "Genesis 1:1–2" == passages[0]


def test_a_passage_named_in_the_question_comes_first_and_only_once(small: Library) -> None:
    assert ["Genesis 2:3–4", "Genesis 1:4–6"] == small.passages((2, 4), (1, 5), question="Genesis 2:3-4")


def test_a_passage_missing_in_the_translation_is_left_out(small: Library) -> None:
    retrieved = small.retrieve(FakeFinder(verse_id(9, 5), verse_id(1, 5)))

    assert [(2, "Genesis 1:4–6")] == [(source.number, source.reference) for source in retrieved.sources]
    assert [2] == list(retrieved.citations)


def test_a_passage_has_the_topics_that_cite_it(small: Library) -> None:
    retrieved = small.retrieve(FakeFinder(verse_id(1, 1), verse_id(1, 20)))
    first, second = retrieved.sources

    assert ({"LAMP", "EVENING"}, ()) == (set(first.topics), second.topics)
    assert [
        ("EVENING", "Of oil", verse_id(1, 2), verse_id(1, 2)),
        ("LAMP", "Of oil", verse_id(1, 1), verse_id(1, 3)),
    ] == sorted((cited.topic, cited.heading, cited.start, cited.end) for cited in retrieved.citations[first.number])
    assert [] == list(retrieved.citations[second.number])


def test_sources_are_numbered_from_one(small: Library) -> None:
    sources: tuple[Source, ...] = small.retrieve(FakeFinder(verse_id(1, 5), verse_id(2, 5))).sources

    assert [1, 2] == [source.number for source in sources]
