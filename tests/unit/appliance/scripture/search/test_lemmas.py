"""Finding Greek and Hebrew words."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from fakes.library_items import put_item

from appliance.infrastructure.database import Database
from appliance.infrastructure.graph.interface import GraphQuery, GraphQueryRefused
from appliance.scripture.dictionaries.kinds import LEXICON
from appliance.scripture.dictionaries.lexicon import LexiconEntry
from appliance.scripture.dictionaries.queries import LexiconEntryNotFound
from appliance.scripture.graph.words import VERSE_COUNTS
from appliance.scripture.search.lemmas import LemmaNotFound, find_lemmas


class CountingGraph:
    """A graph that only knows the number of verses that use each lemma."""

    def __init__(self, verses: Mapping[str, int]) -> None:
        self._verses = verses

    def rows(self, query: str, **parameters: Any) -> list[tuple[Any, ...]]:
        if query != VERSE_COUNTS:
            raise GraphQueryRefused("This graph only counts verses.")
        return [(strongs, self._verses[strongs]) for strongs in parameters["strongs"] if strongs in self._verses]

    def rows_of_queries(self, queries: Sequence[GraphQuery]) -> list[list[tuple[Any, ...]]]:
        return [self.rows(query.text, **query.values) for query in queries]


GRAPH = CountingGraph({"G25": 100, "G26": 30, "G5368": 20, "H157": 200, "H3820": 500})


def entry(strongs: str, lemma: str, transliteration: str, definition: str) -> LexiconEntry:
    return LexiconEntry(
        strongs=strongs,
        language="grc" if strongs.startswith("G") else "hbo",
        lemma=lemma,
        transliteration=transliteration,
        pronunciation="",
        definition=definition,
    )


@pytest.fixture
def dictionaries(library: Database) -> Database:
    """The dictionaries of two languages. The first ends a definition with a dash and translations, the second with a colon."""
    greek = [
        entry("G25", "ἀγαπάω", "agapáō", "to welcome, to prefer —(be-)love(-ed)."),
        entry("G26", "ἀγάπη", "agápē", "affection, a love feast —charity, love."),
        entry("G5368", "φιλέω", "philéō", "to be a friend, to love —kiss."),
        entry("G5384", "φίλος", "phílos", "a friend — friend, LOVE."),
        entry("G11", "Ἀβραάμ", "Abraám", "Abraham — Abraham, beloved, loves."),
    ]
    hebrew = [
        entry("H157", "אָהַב", "ʼâhab", "to have affection for: - (be-) love, like, friend."),
        entry("H3820", "לֵב", "lêb", "the heart: - heart, mind."),
        entry("H3824", "לֵבָב", "lêb", "the heart: - heart."),
    ]
    put_item(library, LEXICON, "Greek", greek)
    put_item(library, LEXICON, "Hebrew", hebrew)
    return library


def found(library: Database, query: str) -> list[str]:
    return [lemma.strongs for lemma in find_lemmas(library, GRAPH, query)]


@pytest.mark.parametrize("query", ["G26", "g26", " G0026 ", '"G26"'])
def test_a_strongs_number_finds_its_entry(dictionaries: Database, query: str) -> None:
    (lemma,) = find_lemmas(dictionaries, GRAPH, query)

    assert ("G26", "ἀγάπη", "agápē") == (lemma.strongs, lemma.lemma, lemma.transliteration)


@pytest.mark.parametrize("query", ["G999", "H26", "G" + "9" * 30])
def test_an_unknown_number_is_an_error(dictionaries: Database, query: str) -> None:
    with pytest.raises(LexiconEntryNotFound, match="Strong's number"):
        find_lemmas(dictionaries, GRAPH, query)


@pytest.mark.parametrize("query", ["ἀγάπη", "ΑΓΑΠΗ", "αγαπη", "agape", "Agápē", "“agape”"])
def test_a_greek_word_is_found_by_its_spelling_with_or_without_accents(dictionaries: Database, query: str) -> None:
    assert ["G26"] == found(dictionaries, query)


def test_a_hebrew_word_is_found_with_or_without_vowel_points(dictionaries: Database) -> None:
    assert ["H157"] == found(dictionaries, "אָהַב") == found(dictionaries, "אהב") == found(dictionaries, "ahab")


def test_words_that_are_spelled_alike_are_all_found(dictionaries: Database) -> None:
    assert ["H3820", "H3824"] == found(dictionaries, "leb")


@pytest.mark.parametrize("query", ["love", "LOVE", "love "])
def test_a_translated_word_finds_the_words_with_this_translation_the_most_used_first(
    dictionaries: Database, query: str
) -> None:
    """G5368 has the word in its explanation, and G11 has only other forms of it. No verse uses G5384."""
    assert ["H157", "G25", "G26"] == found(dictionaries, query)


def test_a_spelling_takes_precedence_over_a_translation(dictionaries: Database) -> None:
    put_item(dictionaries, LEXICON, "More", [entry("H5315", "נֶפֶשׁ", "like", "breath: - any, mind.")])

    assert ["H5315"] == found(dictionaries, "like")


@pytest.mark.parametrize("query", ["", "  ", '""', "xyzzy", "lov", "%", "l_ve", "love like", "—", "G", "Gx"])
def test_a_word_that_no_dictionary_contains_is_an_error_with_examples(dictionaries: Database, query: str) -> None:
    with pytest.raises(LemmaNotFound) as raised:
        find_lemmas(dictionaries, GRAPH, query)

    assert (
        "Enter a Strong's number such as G26 or H2617, or a word such as ἀγάπη, agape or love." == raised.value.remedy
    )


def test_a_long_word_is_cut_in_the_error(dictionaries: Database) -> None:
    with pytest.raises(LemmaNotFound) as raised:
        find_lemmas(dictionaries, GRAPH, "x" * 100)

    assert f"No dictionary contains the word '{'x' * 40}'." == raised.value.message
