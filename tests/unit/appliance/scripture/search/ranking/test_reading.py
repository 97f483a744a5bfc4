"""Reading the knowledge of the ranker from different libraries."""

from collections.abc import Callable

import pytest

from appliance.infrastructure.database import TOKENIZE, Database
from appliance.scripture.canon import VerseRange
from appliance.scripture.references import parse_reference
from appliance.scripture.search.fts import parse_query
from appliance.scripture.search.ranking.knowledge import Knowledge
from appliance.scripture.search.ranking.reading import read_knowledge
from appliance.scripture.search.ranking.signals import find_words
from appliance.scripture.translations import queries

HYMNS = {"Ps.23.1": "The Lord is my shepherd", "Ps.51.1": "Have mercy on me", "Ps.51.2": "Wash me thoroughly"}
# The Vulgate counts the title of Psalm 50 as two verses, and splits the last verse of Joshua 4 into two.
LATIN_NUMBERS = {
    "Ps.22.1": "The Lord ruleth me",
    "Ps.50.1": "Unto the end",
    "Ps.50.2": "when Nathan came",
    "Ps.50.3": "Have mercy on me O God",
    "Tob.1.1": "Tobias of Naphtali",
}
STONES = {f"Josh.4.{verse}": f"Stone {verse}" for verse in range(1, 25)}


Read = Callable[..., Knowledge]


@pytest.fixture
def read(library: Database, import_text: Callable[..., None]) -> Read:
    """Import translations (OSIS id, versification, verses) and read the library. The first one is the embedded translation."""

    def import_and_read(*texts: tuple[str, str, dict[str, str]]) -> Knowledge:
        for id_, system, verses in texts:
            import_text(id_, verses, system=system)
        embedded, *others = [queries.find_translation(library, id_) for id_, _, _ in texts]
        return read_knowledge(library.reader, embedded, others[0] if others else None, "a model")

    return import_and_read


def best_verse(library: Database, knowledge: Knowledge, query: str, text: int = 0) -> int:
    """The verse that matches the words of a query best."""
    signal = find_words(library.reader, knowledge, parse_query(query)).texts[text]
    return int(knowledge.verses.verse_ids[signal.argmax()])


def verse_id(reference: str) -> int:
    return parse_reference(reference).start


def test_a_library_with_only_one_translation_is_enough(library: Database, read: Read) -> None:
    knowledge = read(("Hymns", "KJV", HYMNS))

    assert verse_id("Ps 23:1") == best_verse(library, knowledge, "shepherds")
    matches = find_words(library.reader, knowledge, parse_query("shepherd"))
    assert [0, 0] == [len(matches.comments[0]), len(matches.headings[0])]
    assert not matches.texts[1].any()


def test_a_query_without_words_finds_nothing(library: Database, read: Read) -> None:
    matches = find_words(library.reader, read(("Hymns", "KJV", HYMNS)), None)

    assert not any(signal.any() for signal in matches.texts)


def test_a_search_within_a_range_finds_only_verses_of_this_range(library: Database, read: Read) -> None:
    knowledge = read(("Hymns", "KJV", HYMNS))
    genesis = knowledge.within(VerseRange(verse_id("Gen 1:1"), verse_id("Gen 50:26")))
    psalm = knowledge.within(VerseRange(verse_id("Ps 51:2"), verse_id("Ps 51:19")))

    assert not find_words(library.reader, knowledge, parse_query("me"), genesis).texts[0].any()
    assert [False, False, True] == (
        find_words(library.reader, knowledge, parse_query("me"), psalm).texts[0] > 0
    ).tolist()


def test_a_second_translation_with_other_numbering_finds_the_same_verses(library: Database, read: Read) -> None:
    knowledge = read(("Hymns", "KJV", HYMNS), ("Latin", "Vulg", LATIN_NUMBERS))

    assert verse_id("Ps 23:1") == best_verse(library, knowledge, "ruleth", text=1)
    assert verse_id("Ps 51:1") == best_verse(library, knowledge, "O God", text=1)


def test_words_are_counted_even_if_the_embedded_translation_lacks_the_verse(read: Read) -> None:
    knowledge = read(("Hymns", "KJV", HYMNS), ("Latin", "Vulg", LATIN_NUMBERS))

    assert 1 == knowledge.words.frequency("Tobias")
    assert 3 == len(knowledge.verses.verse_ids)


def test_two_verses_that_are_one_verse_in_the_hub_are_joined(library: Database, read: Read) -> None:
    latin = STONES | {"Josh.4.24": "that all may learn", "Josh.4.25": "and fear the Lord"}
    knowledge = read(("Stones", "KJV", STONES), ("Latin", "Vulg", latin))

    second = knowledge.texts[1]
    assert second is not None
    assert "that all may learn and fear the Lord" == second.verses[knowledge.size - 1]
    assert verse_id("Josh 4:24") == best_verse(library, knowledge, "learn fear", text=1)


def test_all_word_indexes_use_the_same_tokenizer(library: Database) -> None:
    created = [sql for (sql,) in library.reader.rows("SELECT sql FROM sqlite_master WHERE sql LIKE '%USING fts5%'")]

    assert created
    assert all(TOKENIZE in sql for sql in created)
