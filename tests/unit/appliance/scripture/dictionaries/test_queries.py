"""Lexicon entries, topics, and the topics that cite a passage."""

import pytest
from fakes.library_items import ENTRIES, put_item

from appliance.infrastructure.database import Database
from appliance.scripture.canon import VerseRange
from appliance.scripture.dictionaries.kinds import LEXICON, TOPICS
from appliance.scripture.dictionaries.queries import (
    LexiconEntryNotFound,
    TopicNotFound,
    browse_topics,
    citing_topics,
    lemmas,
    lexicon_entry,
    topic,
    topic_named,
)
from appliance.scripture.dictionaries.topics import Citation, Topic, TopicCitation


def topic_with(headword: str, *citations: Citation, see_also: tuple[str, ...] = ()) -> Topic:
    return Topic(position=0, headword=headword, citations=citations, see_also=see_also)


@pytest.mark.parametrize("strongs", ["G25", "g25", "G0025"])
def test_an_entry_is_found_by_any_form_of_its_number(library: Database, strongs: str) -> None:
    put_item(library, LEXICON, "Greek", ENTRIES[LEXICON])

    assert "ἀγαπάω" == lexicon_entry(library, strongs).lemma


@pytest.mark.parametrize("strongs", ["G26", "", "G", "love", "G" + "9" * 5_000])
def test_an_unknown_strongs_number_is_not_found(library: Database, strongs: str) -> None:
    put_item(library, LEXICON, "Greek", ENTRIES[LEXICON])

    with pytest.raises(LexiconEntryNotFound):
        lexicon_entry(library, strongs)


def test_only_lemmas_of_known_numbers_are_returned(library: Database) -> None:
    put_item(library, LEXICON, "Greek", ENTRIES[LEXICON])

    assert {"G25": "ἀγαπάω"} == lemmas(library, ["G25", "G26"])


def test_topics_are_listed_in_pages_by_their_beginning(library: Database) -> None:
    put_item(library, TOPICS, "N", [topic_with("LIGHT"), topic_with("LAMP"), topic_with("LAMP"), topic_with("OIL")])
    first = browse_topics(library, "l", limit=2)

    assert ["LAMP", "LAMP"] == [head.headword for head in first]
    assert ["LIGHT"] == [head.headword for head in browse_topics(library, "l", after=first[-1].id, limit=2)]
    assert [] == browse_topics(library, "%", limit=2)


def test_among_equal_headwords_the_topic_with_more_citations_is_returned(library: Database) -> None:
    put_item(library, TOPICS, "N", [topic_with("LAMP"), topic_with("Lamp", Citation("", 1_001_003, 1_001_003))])

    lamp = topic_named(library, "lamp")

    assert ("Lamp", 1, "N") == (lamp.headword, lamp.citations, lamp.dictionary)
    with pytest.raises(TopicNotFound):
        topic_named(library, "oil")


def test_a_topic_has_its_citations_in_order_and_its_see_also_links(library: Database) -> None:
    cited = [
        Citation("Lit", 2_027_020, 2_027_021),
        Citation("", 1_001_003, 1_001_003),
        Citation("Lit", 3_024_002, 3_024_002),
    ]
    put_item(library, TOPICS, "N", [topic_with("LAMP", *cited, see_also=("OIL", "WICK")), topic_with("Oil")])
    head, oil = (browse_topics(library, word, limit=1)[0] for word in ("LAMP", "OIL"))
    entry = topic(library, head.id, limit=2)

    assert head == entry.head
    assert (cited[:2], 2) == (entry.citations.items, entry.citations.next_after)
    assert cited[2:] == topic(library, head.id, after=2).citations.items
    assert (("OIL", oil.id), ("WICK", None)) == entry.see_also
    with pytest.raises(TopicNotFound):
        topic(library, 999)


def test_small_topics_that_cite_a_passage_come_first(library: Database) -> None:
    verse, other = Citation("Made", 1_001_003, 1_001_005), Citation("", 2_001_001, 2_001_001)
    put_item(
        library, TOPICS, "N", [topic_with("LIGHT", verse, other), topic_with("DAY", verse), topic_with("OIL", other)]
    )

    assert [
        TopicCitation("DAY", "Made", 1_001_003, 1_001_005, 1),
        TopicCitation("LIGHT", "Made", 1_001_003, 1_001_005, 2),
    ] == (citing_topics(library, VerseRange(1_001_005, 1_001_010)).items)
    assert [] == citing_topics(library, VerseRange(1_001_006, 1_001_010)).items
    assert 1 == citing_topics(library, VerseRange(1_001_005, 1_001_005), limit=1).next_after
