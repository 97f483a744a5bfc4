"""Queries that are a Bible reference."""

from collections.abc import Callable

import pytest
from fakes.library_items import put_item

from appliance.infrastructure.database import Database
from appliance.scripture.search.named import named_reference, named_verses, reference_error
from appliance.scripture.translations.kinds import TRANSLATION
from appliance.scripture.translations.queries import find_translation
from appliance.scripture.translations.verse import Verse

WORDS = [
    "",
    "love",
    "John",
    "the lamp of the hall",
    "forty days",
    "40 days",
    "10,000 men",
    "John 3:16 and more",
    "3:16",
]


@pytest.mark.parametrize(
    ("query", "osis"), [("john 3:16", "John.3.16"), ("Psalm 23", "Ps.23"), ("jn 3 16", "John.3.16"), ("Gen.1", "Gen.1")]
)
def test_a_reference_with_a_number_is_a_reference(query: str, osis: str) -> None:
    reference = named_reference(query)

    assert reference is not None
    assert osis == reference.osis


@pytest.mark.parametrize("query", [*WORDS, "John 99", "Xyzzy 3", "John 3:16; Mark 1:1"])
def test_words_and_references_that_are_not_valid_are_searched_as_words(query: str) -> None:
    assert named_reference(query) is None


@pytest.mark.parametrize("query", [*WORDS, "john 3:16", "John 3:16; Mark 1:1"])
def test_a_query_that_is_not_a_wrong_reference_has_no_error(query: str) -> None:
    assert reference_error(query) is None


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ("John 99", "John has no chapter 99. It has 21 chapters."),
        ("john 3:37", "John 3 has no verse 37. It has 36 verses."),
        (
            "Xyzzy 3",
            "No book is called “Xyzzy”. Use an English or Spanish book name or an OSIS id, such as Genesis or Gen.",
        ),
    ],
)
def test_the_error_of_a_wrong_reference_says_what_is_wrong(query: str, error: str) -> None:
    assert error == reference_error(query)


def test_the_verses_of_a_reference_are_those_that_the_translation_has(hymns: Database) -> None:
    translation = find_translation(hymns, "Hymns")

    assert [19_051_001, 19_051_002] == named_verses(hymns, "Psalm 51", translation, 10)
    assert [19_051_001] == named_verses(hymns, "Psalm 51", translation, 1)
    assert [19_051_002] == named_verses(hymns, "psalm 51:2-9", translation, 10)


@pytest.mark.parametrize("query", ["mercy", "John 3:16", "Psalm 51:3", "John 99"])
def test_words_and_missing_passages_have_no_verses(hymns: Database, query: str) -> None:
    assert [] == named_verses(hymns, query, find_translation(hymns, "Hymns"), 10)


def test_a_passage_that_is_too_long_has_no_verses(library: Database) -> None:
    verse_ids = [19_000_000 + 1_000 * psalm + verse for psalm in range(1, 152) for verse in range(1, 8)]
    put_item(library, TRANSLATION, "Long", [Verse(verse_id, "A lamp") for verse_id in verse_ids], versification="NRSVA")
    long = find_translation(library, "Long")

    assert [] == named_verses(library, "Psalms 1-150", long, 10)
    assert verse_ids[:10] == named_verses(library, "Psalms 1-100", long, 10)


def test_the_numbers_of_verses_are_those_of_the_hub(library: Database, import_text: Callable[..., None]) -> None:
    """In the Vulgate, this is verse 3 of Psalm 50, after two verses of its title."""
    words = {"Ps.50.1": "Unto the end", "Ps.50.2": "when Nathan came", "Ps.50.3": "Have mercy", "Ps.50.4": "Wash me"}
    import_text("Latin", words, system="Vulg")

    assert [19_051_001, 19_051_002] == named_verses(library, "Psalm 51:1-2", find_translation(library, "Latin"), 10)
