"""Suggestions while a user types, from the real library."""

from pathlib import Path

import pytest

from appliance.infrastructure.database import Database
from appliance.scripture.suggestions import Suggester, SuggestionKind, compile_suggestions, suggestions_are_stale


@pytest.fixture(scope="module")
def suggester(full_library: Database, tmp_path_factory: pytest.TempPathFactory) -> Suggester:
    path = tmp_path_factory.mktemp("suggestions") / "suggestions.arrays"
    compile_suggestions(full_library, path)
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
    best = suggester.suggest("forgiven")[0]

    assert (SuggestionKind.TOPIC, "Forgiveness") == (best.kind, best.text)
    assert "passages" in best.detail


@pytest.mark.parametrize("typed", ["", "  ", "?!", "zzzzqq"])
def test_a_text_without_matches_has_no_suggestions(suggester: Suggester, typed: str) -> None:
    assert [] == suggester.suggest(typed)


def test_suggestions_are_of_several_kinds(suggester: Suggester) -> None:
    assert len({suggestion.kind for suggestion in suggester.suggest("a", limit=20)}) > 1


def test_books_and_passages_are_suggested_before_anything_is_compiled(tmp_path: Path) -> None:
    suggester = Suggester(tmp_path / "suggestions.arrays")

    assert ["John.3.16", "Job"] == [suggester.suggest(typed)[0].target for typed in ("jn 3:16", "job")]
    assert [] == suggester.suggest("forgiven")


def test_suggestions_are_stale_when_the_dictionaries_change(
    full_library: Database, library: Database, tmp_path: Path
) -> None:
    path = tmp_path / "suggestions.arrays"
    assert suggestions_are_stale(full_library, path)
    assert not suggestions_are_stale(library, path)

    compile_suggestions(full_library, path)

    assert not suggestions_are_stale(full_library, path)
    assert suggestions_are_stale(library, path)


def test_damaged_suggestions_are_stale_and_books_are_still_suggested(full_library: Database, tmp_path: Path) -> None:
    path = tmp_path / "suggestions.arrays"
    path.write_bytes(b"damaged")

    assert suggestions_are_stale(full_library, path)
    assert "Job" == Suggester(path).suggest("job")[0].target
