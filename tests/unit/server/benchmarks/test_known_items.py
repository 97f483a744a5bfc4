"""How often half-remembered verses, names and questions find their verses."""

import math
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from fakes.hashed_vectors import HashedVectors
from fakes.library_items import put_item
from fakes.osis_texts import import_osis

from appliance.infrastructure.paths import DataFolder
from appliance.infrastructure.settings import Settings
from appliance.scripture.dictionaries.kinds import TOPICS
from appliance.scripture.dictionaries.topics import Citation, Topic
from appliance.scripture.search.hits import Mode
from appliance.scripture.search.in_order import words_of
from server.benchmarks.known_items import SearchQuality, measure_known_items
from server.bootstrap import Appliance
from server.sample_queries import Item, TranslationMissing

GENESIS_1 = 1_001_000
WEB = {
    "Gen.1.1": "Deborah lit a lamp in the upper room",
    "Gen.1.2": "Deborah counted the jars beside the well",
    "Gen.1.3": "A harp sounded and Deborah sang until morning",
    "Gen.1.4": "Jabez planted olive trees on the road to Tirzah",
    "Gen.1.5": "The olive trees of Jabez gave oil to Tirzah",
    "Gen.1.6": "Jabez sold his oil in Tirzah",
}
KJV = {"Gen.1.1": "Deborah kindled a candle in the chamber"}


@pytest.fixture
def quality(tmp_path: Path) -> Iterator[SearchQuality]:
    """A search over a few invented verses, without search by meaning."""
    appliance = Appliance(DataFolder(tmp_path / "home").create(), Settings(), embedder=HashedVectors())
    import_osis(appliance.library, tmp_path, "WEB", WEB)
    import_osis(appliance.library, tmp_path, "KJV", KJV)
    topics = [_topic(0, "DEBORAH", 1, 3), _topic(1, "JABEZ", 1, 3), _topic(2, "TIRZAH", 4, 5)]
    put_item(appliance.library, TOPICS, "Names", topics)
    yield SearchQuality(appliance, lambda _line: None)
    appliance.close()


def _topic(position: int, headword: str, first: int, last: int) -> Topic:
    """A topic that cites each of these verses separately."""
    citations = tuple(Citation("", GENESIS_1 + verse, GENESIS_1 + verse) for verse in range(first, last + 1))
    return Topic(position=position, headword=headword, citations=citations, see_also=())


def item(query: str, verse: str) -> Item:
    return Item(query, words_of(verse))


def test_a_query_succeeds_if_its_verse_is_the_first_hit(quality: SearchQuality) -> None:
    right, wrong = item("lit a lamp", WEB["Gen.1.1"]), item("harp sounded", WEB["Gen.1.1"])

    assert 1.0 == quality.first("phrases", [right], Mode.KEYWORD)
    assert 0.75 == quality.first("phrases", [right, wrong, right, right], Mode.KEYWORD)
    assert 0.0 == quality.first("phrases", [item("trumpet", WEB["Gen.1.1"])], Mode.KEYWORD)


def test_the_words_of_the_verse_in_either_translation_count(quality: SearchQuality) -> None:
    # The search finds the verse in the WEB; the query is from the KJV.
    assert 1.0 == quality.first("archaic words", [item("lit a lamp", KJV["Gen.1.1"])], Mode.KEYWORD)


def test_case_and_punctuation_of_the_verse_do_not_count(quality: SearchQuality) -> None:
    assert 1.0 == quality.first("phrases", [item("lit a lamp", "DEBORAH lit a lamp, in the upper room!")], Mode.KEYWORD)


def test_a_name_succeeds_if_the_dictionary_cites_one_of_its_first_verses(quality: SearchQuality) -> None:
    # The first three verses name Deborah, but not Jabez. TIRZAH has too few citations to be measured.
    assert 0.5 == quality.names(Random(1))


def test_questions_are_compared_with_their_topics_as_plain_words(quality: SearchQuality) -> None:
    topics = {"harp": {GENESIS_1 + 3: 1.0}, "trumpet": {GENESIS_1 + 1: 1.0}}

    # A question finds the verses of its topic, and the trumpet is not found.
    assert (0.5, 0.5) == quality.questions(topics)


def test_a_topic_whose_verses_are_found_in_part_has_a_part_of_the_ndcg(quality: SearchQuality) -> None:
    # The second verse of the topic is not found.
    topics = {"harp": {GENESIS_1 + 3: 1.0, GENESIS_1 + 6: 1.0}}
    _, topic_ndcg = quality.questions(topics)

    assert pytest.approx(1.0 / (1.0 + 1.0 / math.log2(3))) == topic_ndcg


def test_a_library_without_the_translations_is_rejected(appliance: Appliance) -> None:
    with pytest.raises(TranslationMissing, match="has no translation WEB"):
        measure_known_items(appliance, {}, lambda _line: None)
