"""Suggestions for what is being typed, from the real library."""

from pathlib import Path

import pytest

from appliance.infrastructure.database import Database
from appliance.scripture.suggestions import Suggester, SuggestionKind, compile_suggestions, suggestions_are_stale


@pytest.fixture(scope="module")
def suggester(full_library: Database, tmp_path_factory: pytest.TempPathFactory) -> Suggester:
    path = tmp_path_factory.mktemp("suggestions") / "suggestions.arrays"
    compile_suggestions(full_library, path)
    return Suggester(path)


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


def test_until_something_is_compiled_books_and_passages_are_offered(tmp_path: Path) -> None:
    suggester = Suggester(tmp_path / "suggestions.arrays")

    assert ["John.3.16", "Job"] == [suggester.suggest(typed)[0].target for typed in ("jn 3:16", "job")]
    assert [] == suggester.suggest("forgiven")


def test_they_are_compiled_again_when_the_dictionaries_are_others(
    full_library: Database, library: Database, tmp_path: Path
) -> None:
    path = tmp_path / "suggestions.arrays"
    assert suggestions_are_stale(full_library, path)
    assert not suggestions_are_stale(library, path)

    compile_suggestions(full_library, path)

    assert not suggestions_are_stale(full_library, path)
    assert suggestions_are_stale(library, path)


def test_damaged_ones_are_compiled_again_and_harm_nobody(full_library: Database, tmp_path: Path) -> None:
    path = tmp_path / "suggestions.arrays"
    path.write_bytes(b"damaged")

    assert suggestions_are_stale(full_library, path)
    assert "Job" == Suggester(path).suggest("job")[0].target
