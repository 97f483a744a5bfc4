"""Suggestions for what is being typed, from the real library."""

import pytest

from appliance.infrastructure.database import Database
from appliance.scripture.suggestions import Suggester, SuggestionKind


@pytest.fixture(scope="module")
def suggester(full_library: Database) -> Suggester:
    return Suggester(full_library)


def test_books_go_first(suggester: Suggester) -> None:
    found = suggester.suggest("jo")

    assert {"Job", "Joel", "John"} <= {each.text for each in found[:4]}
    assert SuggestionKind.PASSAGE is found[0].kind


def test_a_reference_is_offered_as_it_is_typed(suggester: Suggester) -> None:
    assert ("John 3:16", "John.3.16") == (suggester.suggest("jn 3:16")[0].text, suggester.suggest("jn 3:16")[0].target)


@pytest.mark.parametrize("typed", ["agap", "ἀγάπ", "αγαπ", "AGÁP"])
def test_words_of_the_original_are_found_whatever_their_accents(suggester: Suggester, typed: str) -> None:
    assert "G26" in {each.target for each in suggester.suggest(typed) if each.kind is SuggestionKind.WORD}


def test_topics_are_offered_with_their_size(suggester: Suggester) -> None:
    found = suggester.suggest("forgiven")[0]

    assert (SuggestionKind.TOPIC, "Forgiveness") == (found.kind, found.text)
    assert "passages" in found.detail


@pytest.mark.parametrize("typed", ["", "  ", "?!", "zzzzqq"])
def test_nothing_is_offered_for_nothing(suggester: Suggester, typed: str) -> None:
    assert [] == suggester.suggest(typed)


def test_no_kind_keeps_the_others_out(suggester: Suggester) -> None:
    assert len({each.kind for each in suggester.suggest("a", limit=20)}) > 1
