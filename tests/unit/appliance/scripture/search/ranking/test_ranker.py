"""Ranking six invented verses with trees that are small enough to add up by hand."""

from collections.abc import Iterable, Sequence

import msgspec
import numpy as np
import pytest
from fakes.library_items import put_item
from fakes.ranking import CITED, LINKS, PLACES, SIZE, TEXTS, direction, small_knowledge, small_memory
from hypothesis import given
from hypothesis import strategies as st

from appliance.infrastructure.arrays import Floats, Rows
from appliance.infrastructure.database import Database, Reader
from appliance.infrastructure.strings import strings
from appliance.scripture.canon import WHOLE_CANON, VerseRange
from appliance.scripture.dictionaries.kinds import LEXICON
from appliance.scripture.dictionaries.lexicon import LexiconEntry
from appliance.scripture.search.fts import parse_query
from appliance.scripture.search.ranking.embedding_adapter import EmbeddingAdapter
from appliance.scripture.search.ranking.forest import Forest, forest_of
from appliance.scripture.search.ranking.knowledge import EnglishText, Knowledge
from appliance.scripture.search.ranking.learned import Learned, TopicVotes
from appliance.scripture.search.ranking.quantized_vectors import quantized
from appliance.scripture.search.ranking.ranker import Ranked, Ranker, RankerOutdated, compile_ranker
from appliance.scripture.search.wording import vocabulary

SECOND_CHAPTER = VerseRange(1_002_001, 1_002_999)
ADAPTER = EmbeddingAdapter(np.eye(SIZE, dtype=np.float32), np.eye(SIZE, dtype=np.float32)[:, :2])
# Near the first two verses, and equal to the topic `hope` of the memory.
HOPE = direction(0.8, 0.6)
MEMORY = small_memory()


def stumps(columns: Sequence[str], splits: Iterable[tuple[str, float, float]]) -> Forest:
    """One tree per (column, threshold, score). A verse gets the score if its value in the column is above the threshold."""
    return forest_of(
        [
            {
                "tree_structure": {
                    "split_feature": columns.index(column),
                    "threshold": threshold,
                    "left_child": {"leaf_value": 0.0},
                    "right_child": {"leaf_value": score},
                }
            }
            for column, threshold, score in splits
        ]
    )


@pytest.fixture
def reader(library: Database) -> Reader:
    return library.reader


def untrained(knowledge: Knowledge) -> Ranker:
    """A ranker whose trees give every verse the same score."""
    return Ranker(
        knowledge=knowledge,
        vocabulary=vocabulary(knowledge.words),
        topic_names=strings(["hope", "peace"]),
        memory=MEMORY,
        adapter=ADAPTER,
        aspects=knowledge.vectors.whole() @ ADAPTER.axes,
        columns=[],
        trees=stumps(["any"], [("any", 0.0, 0.0)]).tables(),
    )


@pytest.fixture
def ranker(reader: Reader) -> Ranker:
    """A ranker that prefers verses with the words of the query, then verses that are similar to it."""
    draft = untrained(small_knowledge())
    columns = draft.features(reader, None, HOPE.tobytes, WHOLE_CANON).columns
    trees = stumps(columns, [("words", 0.0, 3.0), ("cosine", 0.7, 2.0)]).tables()
    return msgspec.structs.replace(draft, columns=columns, trees=trees)


def rank(ranker: Ranker, reader: Reader, query: str, vector: Floats = HOPE, verses: VerseRange = WHOLE_CANON) -> Ranked:
    return ranker.rank(reader, parse_query(query), vector.tobytes, verses)


def places(*positions: int) -> list[int]:
    return [PLACES[position] for position in positions]


def test_the_score_of_a_verse_is_the_sum_of_the_trees_and_equal_verses_are_in_canonical_order(
    ranker: Ranker, reader: Reader
) -> None:
    """The fourth verse is a candidate because of a vote, the last one because of a cross reference."""
    ranked = rank(ranker, reader, "lamp")

    assert places(1, 2, 0, 3, 5) == ranked.verse_ids
    assert [3, 3, 2, 0, 0] == ranked.scores


def test_a_query_without_words_is_ranked_by_its_vector(ranker: Ranker, reader: Reader) -> None:
    ranked = ranker.rank(reader, None, HOPE.tobytes, WHOLE_CANON)

    assert (PLACES[0], 2) == (ranked.verse_ids[0], ranked.scores[0])


def test_only_the_verses_of_the_range_are_ranked(ranker: Ranker, reader: Reader) -> None:
    assert places(4, 5) == rank(ranker, reader, "door", verses=SECOND_CHAPTER).verse_ids


def test_a_range_without_verses_has_no_results(ranker: Ranker, reader: Reader) -> None:
    ranked = rank(ranker, reader, "lamp", verses=VerseRange(66_001_001, 66_001_999))

    assert ([], []) == (ranked.verse_ids, ranked.scores)


def test_trees_that_were_trained_on_other_features_are_not_used(ranker: Ranker, reader: Reader) -> None:
    outdated = msgspec.structs.replace(ranker, columns=[*ranker.columns[:-1], "votes"])

    with pytest.raises(RankerOutdated, match=r"trained on other features.*ranking train"):
        rank(outdated, reader, "lamp")


def test_the_features_have_one_row_per_candidate_in_canonical_order(ranker: Ranker, reader: Reader) -> None:
    table = ranker.features(reader, parse_query("lamp"), HOPE.tobytes, WHOLE_CANON)
    words = table.rows[:, table.columns.index("words")]

    assert places(0, 1, 2, 3, 5) == table.verse_ids.tolist()
    assert [False, True, True, False, False] == (words > 0).tolist()


def test_the_best_verses_by_words_come_with_their_text_for_each_translation(ranker: Ranker, reader: Reader) -> None:
    assert [(PLACES[1], TEXTS[1]), (PLACES[2], TEXTS[2])] == rank(ranker, reader, "lamp").best_by_words(10)
    assert [(PLACES[1], TEXTS[1])] == rank(ranker, reader, "lamp").best_by_words(1)

    first = ranker.knowledge.texts[0]
    assert first is not None
    second = EnglishText(id="Second", verses=strings(text.upper() for text in TEXTS), words=first.words)
    knowledge = msgspec.structs.replace(ranker.knowledge, texts=[first, second])
    ranked = rank(msgspec.structs.replace(ranker, knowledge=knowledge), reader, "lamp")

    assert [TEXTS[1], TEXTS[1].upper()] == [text for _, text in ranked.best_by_words(1)]


def test_a_verse_is_explained_by_its_ranks_and_its_similarity(ranker: Ranker, reader: Reader) -> None:
    reasons = rank(ranker, reader, "lamp").explain(places(0, 1, 2, 3))
    ranks = [(why.keyword_rank, why.semantic_rank) for why in reasons.values()]

    # Both verses contain the word, so search by words ranks them equally. The one that is nearer in meaning comes first.
    assert [(None, 1), (1, 2), (2, None), (None, None)] == ranks
    assert [0.8, 0.6, 0, 0] == pytest.approx([why.similarity for why in reasons.values()], abs=0.01)


def test_a_verse_is_explained_by_topics_cross_references_votes_and_order(ranker: Ranker, reader: Reader) -> None:
    ranked = rank(ranker, reader, "lamp")
    reasons = ranked.explain(list(PLACES), in_order=frozenset(places(2)))

    assert {PLACES[position]: ("LAMP",) for position in CITED[0]} == {
        verse_id: why.topics for verse_id, why in reasons.items() if why.topics
    }
    assert places(LINKS[0][1]) == [verse_id for verse_id, why in reasons.items() if why.linked]
    assert {PLACES[3]: "hope"} == {verse_id: why.voted_topic for verse_id, why in reasons.items() if why.voted_topic}
    assert places(2) == [verse_id for verse_id, why in reasons.items() if why.in_order]


def test_a_topic_with_another_meaning_explains_no_verse(ranker: Ranker, reader: Reader) -> None:
    """The cosine of this query and the topic `hope` is 0.6."""
    reasons = rank(ranker, reader, "lamp", direction(0, 1)).explain(list(PLACES))

    assert {None} == {why.voted_topic for why in reasons.values()}


def test_a_verse_that_the_embedded_translation_lacks_is_only_explained_by_the_order_of_words(
    ranker: Ranker, reader: Reader
) -> None:
    missing = 1_001_099
    why = rank(ranker, reader, "lamp").explain([missing], in_order=frozenset({missing}))[missing]

    assert (None, None, True) == (why.keyword_rank, why.similarity, why.in_order)


def test_the_nearest_verses_have_their_exact_cosine(ranker: Ranker) -> None:
    nearest = ranker.nearest(HOPE.tobytes(), WHOLE_CANON, 2)

    assert places(0, 1) == [verse_id for verse_id, _ in nearest]
    assert [0.8, 0.6] == pytest.approx([cosine for _, cosine in nearest], abs=1e-6)


def test_the_nearest_verses_are_inside_the_range(ranker: Ranker) -> None:
    assert places(5, 4) == [verse_id for verse_id, _ in ranker.nearest(HOPE.tobytes(), SECOND_CHAPTER, 10)]
    assert [] == ranker.nearest(HOPE.tobytes(), VerseRange(66_001_001, 66_001_999), 10)


@given(st.integers(1, 40), st.integers(0, 2**32), st.integers(0, 5))
def test_the_nearest_verses_are_those_of_a_comparison_with_all_verses(count: int, seed: int, copies: int) -> None:
    """Of equal verses, the last comes first."""
    random = np.random.default_rng(seed)
    vectors = random.standard_normal((30, SIZE)).astype(np.float32)
    vectors[:copies] = vectors[-1]
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    query = direction(1)
    verses = msgspec.structs.replace(small_knowledge().verses, verse_ids=np.arange(30))
    knowledge = msgspec.structs.replace(
        small_knowledge(), verses=verses, vectors=Rows(vectors), quantized=quantized(vectors)
    )
    cosines = vectors[:, 0].astype(np.float64).tolist()

    nearest = untrained(knowledge).nearest(query.tobytes(), WHOLE_CANON, count)

    assert sorted(range(30), key=lambda verse: (-cosines[verse], -verse))[:count] == [verse for verse, _ in nearest]


def learned() -> Learned:
    """Trees that give each verse the score 1 if the library has cross references, and else the score 2."""
    linked, unlinked = (stumps(["any"], [("any", -1.0, score)]) for score in (1.0, 2.0))
    return Learned(
        model="a model",
        words=frozenset({"break"}),
        columns=["any"],
        adapter=ADAPTER,
        linked=linked,
        unlinked=unlinked,
    )


def votes(*verse_ids: int) -> TopicVotes:
    """One vote for each verse, for the topic `Deep guess`; and one for the first verse, for the topic `peace`."""
    return TopicVotes(
        source="by hand",
        names=["Deep guess", "peace"],
        vectors=np.stack([HOPE, direction(0, 0, 1)]),
        topic_of=np.array([*[0] * len(verse_ids), 1]),
        verse_ids=np.array([*verse_ids, PLACES[0]]),
        gains=np.ones(len(verse_ids) + 1, dtype=np.float32),
    )


def test_the_trees_depend_on_whether_the_library_has_cross_references(reader: Reader) -> None:
    knowledge = small_knowledge()
    row = np.zeros((1, 1), dtype=np.float32)
    with_links, without = (
        compile_ranker(reader, variant, learned(), votes(PLACES[3]))
        for variant in (knowledge, knowledge.without_links())
    )

    assert ([1], [2]) == (with_links.trees.score(row).tolist(), without.trees.score(row).tolist())


def test_votes_for_verses_that_the_library_lacks_are_left_out(reader: Reader) -> None:
    ranker = compile_ranker(reader, small_knowledge(), learned(), votes(PLACES[3], 66_001_001, 1_001_099))

    assert [1, 0, 0, 1, 0, 0] == ranker.memory.times_voted.tolist()
    assert frozenset({3}) == ranker.memory.voted_for(0)
    assert ["Deep guess", "peace"] == list(ranker.topic_names)


def test_words_of_the_model_the_topics_and_the_dictionaries_are_not_misspelt(library: Database) -> None:
    entry = LexiconEntry(
        strongs="G2", language="grc", lemma="τάβλα", transliteration="tábla", pronunciation="", definition="a board"
    )
    put_item(library, LEXICON, "Greek", [entry])
    ranker = compile_ranker(library.reader, small_knowledge(), learned(), votes(PLACES[3]))
    query = parse_query("break tabla guess breed")

    assert query is not None
    assert {"breed": "bread"} == ranker.vocabulary.corrections(query)


def test_the_aspects_of_a_verse_are_its_vector_along_the_axes_of_the_adapter(reader: Reader) -> None:
    ranker = compile_ranker(reader, small_knowledge(), learned(), votes(PLACES[3]))

    assert [[1, 0], [0, 1], [0, 0], [0, 0], [0, 0], [0, 0]] == ranker.aspects.tolist()
