"""Suggestions while a user types, from a small library."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes.library_items import put_item
from fakes.new_databases import new_library

from appliance.infrastructure.database import Database
from appliance.scripture.dictionaries.kinds import LEXICON, TOPICS
from appliance.scripture.dictionaries.lexicon import LexiconEntry
from appliance.scripture.dictionaries.topics import Citation, Topic
from appliance.scripture.suggestions import Suggester, SuggestionKind, compile_suggestions, suggestions_are_stale

GENESIS_1_1 = 1_001_001


def word(strongs: str, lemma: str, transliteration: str) -> LexiconEntry:
    return LexiconEntry(
        strongs=strongs,
        language="grc",
        lemma=lemma,
        transliteration=transliteration,
        pronunciation="",
        definition="a lamp",
    )


def topic(position: int, headword: str, citations: int) -> Topic:
    """A topic that cites this number of verses."""
    verses = range(GENESIS_1_1, GENESIS_1_1 + citations)
    return Topic(
        position=position,
        headword=headword,
        citations=tuple(Citation("", verse, verse) for verse in verses),
        see_also=(),
    )


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """A library with some topics and Greek words. The tests only read it."""
    library = new_library(tmp_path_factory.mktemp("small") / "library.db")
    put_item(
        library,
        LEXICON,
        "Greek",
        [word("G26", "ἀγάπη", "agápē"), word("G25", "ἀγαπάω", "agapáō"), word("G1", "Α", "A")],
    )
    put_item(
        library,
        TOPICS,
        "Topics",
        [topic(0, "FORGIVENESS", 3), topic(1, "FORGIVEN DEBTS", 1), topic(2, "ANGER", 2), topic(3, "FORGIVENS", 0)],
    )
    yield library
    library.close()


@pytest.fixture(scope="module")
def suggester(small: Database, tmp_path_factory: pytest.TempPathFactory) -> Suggester:
    path = tmp_path_factory.mktemp("suggestions") / "suggestions.arrays"
    compile_suggestions(small, path)
    return Suggester(path)


def test_books_come_first(suggester: Suggester) -> None:
    suggestions = suggester.suggest("jo")

    assert {"Job", "Joel", "John"} <= {suggestion.text for suggestion in suggestions[:4]}
    assert SuggestionKind.PASSAGE is suggestions[0].kind


def test_a_typed_reference_is_suggested(suggester: Suggester) -> None:
    assert ("John 3:16", "John.3.16") == (suggester.suggest("jn 3:16")[0].text, suggester.suggest("jn 3:16")[0].target)


@pytest.mark.parametrize("typed", ["agap", "ἀγάπ", "αγαπ", "AGÁP"])
def test_greek_words_are_found_with_and_without_accents(suggester: Suggester, typed: str) -> None:
    words = [suggestion for suggestion in suggester.suggest(typed) if suggestion.kind is SuggestionKind.WORD]

    assert "G26" in {word.target for word in words}


def test_topics_are_suggested_with_their_size(suggester: Suggester) -> None:
    topics = [(best.kind, best.text, best.detail) for best in suggester.suggest("forgiven")]

    # A topic without passages is not suggested.
    assert [
        (SuggestionKind.TOPIC, "Forgiveness", "3 passages"),
        (SuggestionKind.TOPIC, "Forgiven Debts", "1 passage"),
    ] == topics


@pytest.mark.parametrize("typed", ["", "  ", "?!", "zzzzqq"])
def test_a_text_without_matches_has_no_suggestions(suggester: Suggester, typed: str) -> None:
    assert [] == suggester.suggest(typed)


def test_suggestions_are_of_several_kinds(suggester: Suggester) -> None:
    assert {SuggestionKind.PASSAGE, SuggestionKind.TOPIC, SuggestionKind.WORD} == {
        suggestion.kind for suggestion in suggester.suggest("a", limit=20)
    }


def test_books_and_passages_are_suggested_before_anything_is_compiled(tmp_path: Path) -> None:
    suggester = Suggester(tmp_path / "suggestions.arrays")

    assert ["John.3.16", "Job"] == [suggester.suggest(typed)[0].target for typed in ("jn 3:16", "job")]
    assert [] == suggester.suggest("forgiven")


def test_suggestions_are_stale_when_the_dictionaries_change(small: Database, library: Database, tmp_path: Path) -> None:
    path = tmp_path / "suggestions.arrays"
    assert suggestions_are_stale(small, path)
    assert not suggestions_are_stale(library, path)

    compile_suggestions(small, path)

    assert not suggestions_are_stale(small, path)
    assert suggestions_are_stale(library, path)


def test_damaged_suggestions_are_stale_and_books_are_still_suggested(small: Database, tmp_path: Path) -> None:
    path = tmp_path / "suggestions.arrays"
    path.write_bytes(b"damaged")

    assert suggestions_are_stale(small, path)
    assert "Job" == Suggester(path).suggest("job")[0].target
