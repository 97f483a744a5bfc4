"""What a ranking reads from libraries of all kinds."""

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
# The Vulgate counts the title of the fiftieth psalm as two verses, and the last one of Joshua 4 too.
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
    """Import texts, each of (OSIS id, versification, verses), and read the library with the first of them embedded."""

    def imported(*texts: tuple[str, str, dict[str, str]]) -> Knowledge:
        for id_, system, verses in texts:
            import_text(id_, verses, system=system)
        known = [queries.find_translation(library, id_) for id_, _, _ in texts]
        return read_knowledge(library.reader, known[0], known[1] if len(known) > 1 else None, "a model")

    return imported


def best(library: Database, knowledge: Knowledge, query: str, text: int = 0) -> int:
    """The verse that a query's words speak for most."""
    signal = find_words(library.reader, knowledge, parse_query(query)).texts[text]
    return int(knowledge.verses.places[signal.argmax()])


def place(reference: str) -> int:
    return parse_reference(reference).start


def test_one_text_and_nothing_beside_it_is_enough(library: Database, read: Read) -> None:
    knowledge = read(("Hymns", "KJV", HYMNS))

    assert place("Ps 23:1") == best(library, knowledge, "shepherds")
    found = find_words(library.reader, knowledge, parse_query("shepherd"))
    assert [0, 0] == [len(found.comments[0]), len(found.headings[0])]
    assert not found.texts[1].any()


def test_a_query_without_words_finds_nothing(library: Database, read: Read) -> None:
    found = find_words(library.reader, read(("Hymns", "KJV", HYMNS)), None)

    assert not any(signal.any() for signal in found.texts)


def test_only_a_part_of_the_canon_is_found_in_where_one_is_named(library: Database, read: Read) -> None:
    knowledge = read(("Hymns", "KJV", HYMNS))
    genesis = knowledge.within(VerseRange(place("Gen 1:1"), place("Gen 50:26")))
    psalm = knowledge.within(VerseRange(place("Ps 51:2"), place("Ps 51:19")))

    assert not find_words(library.reader, knowledge, parse_query("me"), genesis).texts[0].any()
    assert [False, False, True] == (
        find_words(library.reader, knowledge, parse_query("me"), psalm).texts[0] > 0
    ).tolist()


def test_a_second_text_speaks_for_the_same_verses_in_its_own_numbers(library: Database, read: Read) -> None:
    knowledge = read(("Hymns", "KJV", HYMNS), ("Latin", "Vulg", LATIN_NUMBERS))

    assert place("Ps 23:1") == best(library, knowledge, "ruleth", text=1)
    assert place("Ps 51:1") == best(library, knowledge, "O God", text=1)


def test_words_of_verses_that_the_embedded_text_lacks_are_known(read: Read) -> None:
    knowledge = read(("Hymns", "KJV", HYMNS), ("Latin", "Vulg", LATIN_NUMBERS))

    assert 1 == knowledge.words.frequency("Tobias")
    assert 3 == len(knowledge.verses.places)


def test_verses_that_are_one_of_the_hub_stand_together(library: Database, read: Read) -> None:
    latin = STONES | {"Josh.4.24": "that all may learn", "Josh.4.25": "and fear the Lord"}
    knowledge = read(("Stones", "KJV", STONES), ("Latin", "Vulg", latin))

    second = knowledge.texts[1]
    assert second is not None
    assert "that all may learn and fear the Lord" == second.verses[knowledge.size - 1]
    assert place("Josh 4:24") == best(library, knowledge, "learn fear", text=1)


def test_all_indexes_of_words_are_made_alike(library: Database) -> None:
    made = [sql for (sql,) in library.reader.rows("SELECT sql FROM sqlite_master WHERE sql LIKE '%USING fts5%'")]

    assert made
    assert all(TOKENIZE in sql for sql in made)
