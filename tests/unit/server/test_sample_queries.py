"""Simulated queries of people who half remember a verse."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.infrastructure.database import Database
from appliance.scripture.search.in_order import words_of
from server.sample_queries import ITEMS, TranslationMissing, halves, misspell, numbered_verses, phrases


def test_a_half_keeps_the_word_order_of_its_verse_and_drops_a_fifth_of_the_words(full_library: Database) -> None:
    items = list(halves(full_library, "WEB", Random(1)))

    assert ITEMS == len(items)
    for item in items:
        kept = words_of(item.query)
        half = len(item.words) // 2
        assert half - half // 5 == len(kept)
        rest = iter(item.words)
        assert all(word in rest for word in kept)


def test_a_phrase_is_part_of_its_verse(full_library: Database) -> None:
    for item in phrases(full_library, Random(1)):
        assert item.query in " ".join(item.words)
        assert 5 <= len(item.query.split()) <= 8


def test_a_seed_gives_the_same_queries(full_library: Database) -> None:
    assert list(phrases(full_library, Random(7))) == list(phrases(full_library, Random(7)))


def test_titles_are_not_verses(full_library: Database) -> None:
    assert all(verse_id % 1000 for verse_id, _ in numbered_verses(full_library, "WEB"))


def test_a_library_without_the_translation_raises_an_error(library: Database) -> None:
    with pytest.raises(TranslationMissing, match="no WEB"):
        list(phrases(library, Random(1)))


@given(st.lists(st.from_regex(r"[a-z]{1,10}", fullmatch=True), min_size=1, max_size=6), st.integers())
def test_at_most_one_long_word_is_misspelt(words: list[str], seed: int) -> None:
    typed = misspell(" ".join(words), Random(seed)).split()
    changed = [number for number, word in enumerate(words) if typed[number] != word]

    assert len(words) == len(typed)
    assert len(changed) <= 1
    assert all(len(words[number]) >= 6 for number in changed)
