"""Simulated queries of people who half remember a verse, from a library of invented verses."""

from collections.abc import Iterator
from random import Random
from string import ascii_lowercase

import pytest
from fakes.library_items import put_item
from hypothesis import given
from hypothesis import strategies as st

from appliance.infrastructure.database import Database
from appliance.scripture.search.in_order import words_of
from appliance.scripture.translations.kinds import TRANSLATION
from appliance.scripture.translations.verse import Verse
from server.bootstrap import LIBRARY_MIGRATIONS
from server.sample_queries import ITEMS, TranslationMissing, halves, misspell, numbered_verses, phrases

PSALMS = 19_000_000
TITLE = PSALMS + 3_000
VOCABULARY = (
    "lamp hall door night river stone bread garden window shepherd morning water field mountain harvest".split()
)


def verse_of_words(number: int) -> Verse:
    """A verse of 11 to 20 words. Only those with at least 12 words are long enough for a query."""
    random = Random(number)
    text = " ".join(random.choice(VOCABULARY) for _ in range(11 + number % 10))
    return Verse(PSALMS + (1 + number // 100) * 1_000 + 1 + number % 100, f"{text}.")


@pytest.fixture(scope="module")
def psalms(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """A library with a WEB of 400 invented verses and a title. The tests only read it."""
    library = Database(tmp_path_factory.mktemp("psalms") / "library.db", LIBRARY_MIGRATIONS)
    library.migrate()
    verses = [verse_of_words(number) for number in range(400)]
    put_item(library, TRANSLATION, "WEB", [*verses, Verse(TITLE, f"A song of {'the lamp ' * 10}")])
    yield library
    library.close()


def test_a_half_keeps_the_word_order_of_its_verse_and_drops_a_fifth_of_the_words(psalms: Database) -> None:
    items = list(halves(psalms, "WEB", Random(1)))

    assert ITEMS == len(items)
    for item in items:
        kept = words_of(item.query)
        half = len(item.words) // 2
        assert half - half // 5 == len(kept)
        rest = iter(item.words)
        assert all(word in rest for word in kept)


def test_a_phrase_is_part_of_its_verse(psalms: Database) -> None:
    for item in phrases(psalms, Random(1)):
        assert item.query in " ".join(item.words)
        assert 5 <= len(item.query.split()) <= 8


def test_a_seed_gives_the_same_queries(psalms: Database) -> None:
    assert list(phrases(psalms, Random(7))) == list(phrases(psalms, Random(7)))


def test_titles_are_not_verses(psalms: Database) -> None:
    verse_ids = [verse_id for verse_id, _ in numbered_verses(psalms, "WEB")]

    assert 400 == len(verse_ids)
    assert TITLE not in verse_ids


def test_a_library_without_the_translation_raises_an_error(library: Database) -> None:
    with pytest.raises(TranslationMissing, match="no translation WEB"):
        list(phrases(library, Random(1)))


@given(st.lists(st.text(ascii_lowercase, min_size=1, max_size=10), min_size=1, max_size=6), st.integers())
def test_at_most_one_long_word_is_misspelt(words: list[str], seed: int) -> None:
    typed = misspell(" ".join(words), Random(seed)).split()
    changed = [number for number, word in enumerate(words) if typed[number] != word]

    assert len(words) == len(typed)
    assert len(changed) <= 1
    assert all(len(words[number]) >= 6 for number in changed)
