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


def named(headword: str, *citations: Citation, see_also: tuple[str, ...] = ()) -> Topic:
    return Topic(position=0, headword=headword, citations=citations, see_also=see_also)


@pytest.mark.parametrize("strongs", ["G25", "g25", "G0025"])
def test_an_entry_is_found_by_its_number_as_people_write_it(library: Database, strongs: str) -> None:
    put_item(library, LEXICON, "Greek", ENTRIES[LEXICON])

    assert "ἀγαπάω" == lexicon_entry(library, strongs).lemma


@pytest.mark.parametrize("strongs", ["G26", "", "G", "love", "G" + "9" * 5_000])
def test_what_no_dictionary_explains_is_not_found(library: Database, strongs: str) -> None:
    put_item(library, LEXICON, "Greek", ENTRIES[LEXICON])

    with pytest.raises(LexiconEntryNotFound):
        lexicon_entry(library, strongs)


def test_lemmas_are_those_that_a_dictionary_has(library: Database) -> None:
    put_item(library, LEXICON, "Greek", ENTRIES[LEXICON])

    assert {"G25": "ἀγαπάω"} == lemmas(library, ["G25", "G26"])


def test_topics_are_browsed_by_their_beginning_a_page_at_a_time(library: Database) -> None:
    put_item(library, TOPICS, "N", [named("LIGHT"), named("LAMP"), named("LAMP"), named("OIL")])
    first = browse_topics(library, "l", limit=2)

    assert ["LAMP", "LAMP"] == [each.headword for each in first]
    assert ["LIGHT"] == [each.headword for each in browse_topics(library, "l", after=first[-1].id, limit=2)]
    assert [] == browse_topics(library, "%", limit=2)


def test_of_equal_headwords_the_topic_with_more_citations_is_named(library: Database) -> None:
    put_item(library, TOPICS, "N", [named("LAMP"), named("Lamp", Citation("", 1_001_003, 1_001_003))])

    assert ("Lamp", 1, "N") == (
        (found := topic_named(library, "lamp")).headword,
        found.citations,
        found.dictionary,
    )
    with pytest.raises(TopicNotFound):
        topic_named(library, "oil")


def test_a_topic_has_its_citations_in_order_and_what_to_see(library: Database) -> None:
    cited = [
        Citation("Lit", 2_027_020, 2_027_021),
        Citation("", 1_001_003, 1_001_003),
        Citation("Lit", 3_024_002, 3_024_002),
    ]
    put_item(library, TOPICS, "N", [named("LAMP", *cited, see_also=("OIL", "WICK")), named("Oil")])
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
    put_item(library, TOPICS, "N", [named("LIGHT", verse, other), named("DAY", verse), named("OIL", other)])

    assert [
        TopicCitation("DAY", "Made", 1_001_003, 1_001_005, 1),
        TopicCitation("LIGHT", "Made", 1_001_003, 1_001_005, 2),
    ] == (citing_topics(library, VerseRange(1_001_005, 1_001_010)).items)
    assert [] == citing_topics(library, VerseRange(1_001_006, 1_001_010)).items
    assert 1 == citing_topics(library, VerseRange(1_001_005, 1_001_005), limit=1).next_after
