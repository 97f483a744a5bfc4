"""The verses that use a Greek or Hebrew word, in a real graph."""

from pathlib import Path

import pytest
from fakes.library_items import put_item
from fakes.new_databases import new_library

from appliance.infrastructure.graph.interface import GraphMissing
from appliance.infrastructure.graph.kuzu_engine import KuzuGraph, build_graph
from appliance.scripture.dictionaries.kinds import LEXICON
from appliance.scripture.dictionaries.lexicon import LexiconEntry
from appliance.scripture.graph.tables import contents
from appliance.scripture.graph.words import WordUse, uses_of, verse_count, verse_counts
from appliance.scripture.translations.kinds import TRANSLATION
from appliance.scripture.translations.verse import Markup, Verse, Word

UNUSED = LexiconEntry(
    strongs="G3439", language="grc", lemma="μονογενής", transliteration="monogenes", pronunciation="", definition="only"
)


def verse(verse_id: int, *strongs: tuple[str, ...]) -> Verse:
    """A verse of words of four letters, with the Strong's numbers of each word."""
    words = tuple(Word(5 * number, 5 * number + 4, numbers) for number, numbers in enumerate(strongs))
    return Verse(verse_id, " ".join(["lamp"] * len(strongs)), Markup(words=words))


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> KuzuGraph:
    """The graph of two translations. G26 is used in four verses."""
    folder = tmp_path_factory.mktemp("graph")
    library = new_library(folder / "library.db")
    first = [
        verse(45_005_008, ("G26",)),
        verse(43_003_016, ("G26",), ("G25", "G26")),
        verse(1_001_001, ("H430",)),
        verse(43_003_017, ("G25",)),
    ]
    second = [
        verse(43_003_016, ("G26",)),
        verse(45_005_008, ("G26",), ("G26",), ("G26",)),
        verse(46_013_001, ("G26",)),
        verse(66_002_004, ("G26",)),
    ]
    put_item(library, TRANSLATION, "First", first, versification="NRSVA")
    put_item(library, TRANSLATION, "Second", second, versification="NRSVA")
    put_item(library, LEXICON, "Greek", [UNUSED])
    build_graph(folder / "graph", contents(library), lambda _share, _message: None)
    library.close()
    return KuzuGraph(folder / "graph")


def test_a_verse_counts_once_in_however_many_translations_it_uses_a_word(graph: KuzuGraph) -> None:
    assert [4, 2, 1] == [verse_count(graph, strongs) for strongs in ("G26", "G25", "H430")]


@pytest.mark.parametrize("strongs", ["G3439", "G9999", "", "g26"])
def test_a_word_that_no_verse_uses_has_no_verses(graph: KuzuGraph, strongs: str) -> None:
    assert 0 == verse_count(graph, strongs)
    assert [] == uses_of(graph, strongs, limit=10)


def test_the_verses_of_several_words_are_counted_together(graph: KuzuGraph) -> None:
    """A word of a dictionary that no verse uses has 0. A word that is in no dictionary and no verse is left out."""
    assert {"G26": 4, "H430": 1, "G3439": 0} == verse_counts(graph, ["H430", "G26", "G3439", "G9999"])


def test_uses_are_in_the_order_of_the_canon_with_the_count_of_the_translation_that_has_most(graph: KuzuGraph) -> None:
    expected = [WordUse(43_003_016, 2), WordUse(45_005_008, 3), WordUse(46_013_001, 1), WordUse(66_002_004, 1)]

    assert expected == uses_of(graph, "G26", limit=10)


def test_each_page_of_uses_continues_after_the_previous_one(graph: KuzuGraph) -> None:
    whole = uses_of(graph, "G26", limit=10)
    first = uses_of(graph, "G26", limit=3)
    second = uses_of(graph, "G26", after=first[-1].verse_id, limit=3)

    assert (3, whole) == (len(first), [*first, *second])
    assert [] == uses_of(graph, "G26", after=second[-1].verse_id, limit=3)


def test_without_a_graph_only_a_count_of_nothing_has_an_answer(tmp_path: Path) -> None:
    missing = KuzuGraph(tmp_path / "missing")

    assert {} == verse_counts(missing, [])
    for count in (lambda: verse_count(missing, "G26"), lambda: verse_counts(missing, ["G26"])):
        with pytest.raises(GraphMissing):
            count()
