"""Trains the ranking from topic votes with lambdarank (Burges, "From RankNet to LambdaRank to LambdaMART", 2010).

Training is out of fold: the topic memory and the embedding adapter that give the features for a topic were trained without
this topic. So training sees the same situation as a search for a topic without votes.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec
import numpy as np

from appliance.errors import Unavailable
from appliance.infrastructure.arrays import Booleans, Floats, Integers, Rows
from appliance.infrastructure.database import Database
from appliance.scripture.search.fts import parse_query
from appliance.scripture.search.ranking.embedding_adapter import EmbeddingAdapter, fit_adapter
from appliance.scripture.search.ranking.features import Features, candidate_positions
from appliance.scripture.search.ranking.forest import MAX_LEAVES, Forest, forest_of
from appliance.scripture.search.ranking.knowledge import Knowledge
from appliance.scripture.search.ranking.memory import TopicMemory, remember
from appliance.scripture.search.ranking.signals import find_words, gather

# This many random verses are added to the candidates as wrong answers. This improves the ranking a lot and costs little.
RANDOM_VERSES = 300
# Gains are rounded to steps of a quarter.
GAIN_STEPS = 4
# Two forests trained on different samples of rows and columns make different errors. Their sum is better than one forest.
RANDOM_SEEDS, ROUNDS = (1, 2), 240
PARAMETERS: dict[str, Any] = {
    "objective": "lambdarank",
    "lambdarank_truncation_level": 30,
    "label_gain": [step / GAIN_STEPS for step in range(80)],
    "num_leaves": MAX_LEAVES,
    "learning_rate": 0.07,
    "min_data_in_leaf": 100,
    "lambda_l2": 10.0,
    "max_bin": 127,
    "feature_fraction": 0.4,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "deterministic": True,
    "force_col_wise": True,
    "verbosity": -1,
}
# If the cosine of two topics is at least this, they have the same meaning, and `folds_by_cluster` puts them in one fold.
SAME_MEANING = 0.75


class TrainingUnavailable(Unavailable):
    """The library lightgbm, which training needs, is not installed."""


class Topics(msgspec.Struct, frozen=True, kw_only=True):
    """Topics for training: their names, their vectors, and for each topic the gains of verses by position."""

    names: list[str]
    vectors: Floats
    gains: list[dict[int, float]]

    def only(self, kept: Integers) -> "Topics":
        numbers = kept.tolist()
        return Topics(
            names=[self.names[number] for number in numbers],
            vectors=self.vectors[kept],
            gains=[self.gains[number] for number in numbers],
        )

    def memory(self, verses: Rows) -> TopicMemory:
        topic_of = np.repeat(np.arange(len(self.names)), [len(by_position) for by_position in self.gains])
        positions = np.array([position for by_position in self.gains for position in by_position], dtype=np.int64)
        gains = np.array([gain for by_position in self.gains for gain in by_position.values()], dtype=np.float32)
        return remember(self.vectors, topic_of, positions, gains, verses)

    def adapter(self, verses: Floats) -> EmbeddingAdapter:
        return fit_adapter(self.vectors, self.gains, verses)


class Example(msgspec.Struct, frozen=True, kw_only=True):
    """The rows of features of one topic's verses. The first `candidates` rows are the verses that a search would rank."""

    fold: int
    positions: Integers
    table: Floats
    gains: Floats
    candidates: int


def folds_by_topic(count: int, folds: int, seed: int = 1) -> Integers:
    """Return a random fold for each topic."""
    fold_of: Integers = np.random.default_rng(seed).permutation(count) % folds
    return fold_of


def folds_by_cluster(vectors: Floats, folds: int, seed: int = 1) -> Integers:
    """Return the fold of each topic. Topics of similar meaning are in one fold: single linkage at the cosine SAME_MEANING.

    Clusters are assigned from the largest to the smallest. Each cluster goes to the fold with the fewest topics.
    """
    is_similar = vectors @ vectors.T >= SAME_MEANING
    cluster_of = np.full(len(vectors), -1)
    count = 0
    for start in range(len(vectors)):
        if cluster_of[start] < 0:
            cluster_of[_reached_from(start, is_similar)] = count
            count += 1
    sizes = np.bincount(cluster_of)
    shuffled = np.random.default_rng(seed).permutation(count)
    fold_sizes = np.zeros(folds, dtype=np.int64)
    fold_of = np.zeros(len(vectors), dtype=np.int64)
    for cluster in sorted(shuffled.tolist(), key=lambda number: -sizes[number]):
        smallest = int(fold_sizes.argmin())
        fold_of[cluster_of == cluster] = smallest
        fold_sizes[smallest] += sizes[cluster]
    return fold_of


def _reached_from(start: int, is_similar: Booleans) -> Booleans:
    """Return the rows that are similar to the row `start`, directly or through other rows."""
    reached: Booleans = is_similar[start]
    while True:
        wider: Booleans = reached | is_similar[reached].any(axis=0)
        if (wider == reached).all():
            return reached
        reached = wider


def examples(
    database: Database,
    knowledge: Knowledge,
    topics: Topics,
    folds: Integers,
    *,
    remember: bool,
    on_progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> tuple[list[str], list[Example]]:
    """Return the column names, and the examples of all topics. Each example is computed without the votes of its own fold."""
    finished: list[Example] = []
    columns: list[str] = []
    random = np.random.default_rng(3)
    for fold in np.unique(folds).tolist():
        others = topics.only(np.flatnonzero(folds != fold))
        adapter = others.adapter(knowledge.vectors.whole())
        memory = others.memory(knowledge.vectors) if remember else None
        features = Features(knowledge, knowledge.vectors.whole() @ adapter.axes, memory)
        for number in np.flatnonzero(folds == fold).tolist():
            query = parse_query(topics.names[number])
            words = find_words(database.reader, knowledge, query)
            signals = gather(knowledge, adapter, memory, query, topics.vectors[number], words)
            candidates = candidate_positions(signals)
            random_positions = np.setdiff1d(
                random.choice(knowledge.size, min(RANDOM_VERSES, knowledge.size), replace=False), candidates
            )
            positions = np.concatenate([candidates, random_positions])
            columns, table = features.table(signals, positions)
            gains = np.array(
                [topics.gains[number].get(position, 0.0) for position in positions.tolist()], dtype=np.float32
            )
            finished.append(
                Example(fold=fold, positions=positions, table=table, gains=gains, candidates=len(candidates))
            )
            on_progress(len(finished), len(topics.names))
    return columns, finished


def fit_forest(training_set: Sequence[Example], threads: int, rounds: int = ROUNDS) -> Forest:
    """Train trees that sort the verses of each example by their gains. Each round adds one tree. Raises TrainingUnavailable."""
    try:
        import lightgbm
    except ImportError as error:
        raise TrainingUnavailable(
            "lightgbm is not installed.", remedy="Run `pip install 'lampstand[training]'`."
        ) from error
    labels = np.concatenate([np.round(example.gains * GAIN_STEPS) for example in training_set]).astype(np.int32)
    data = lightgbm.Dataset(
        np.concatenate([example.table for example in training_set]),
        labels,
        group=[len(example.gains) for example in training_set],
        params={"max_bin": PARAMETERS["max_bin"], "verbosity": -1},
    )
    forests = [
        lightgbm.train({**PARAMETERS, "seed": seed, "num_threads": threads}, data, rounds).dump_model()["tree_info"]
        for seed in RANDOM_SEEDS
    ]
    return forest_of([tree for trees in forests for tree in trees])


def cross_validated(all_examples: Sequence[Example], threads: int) -> Iterator[tuple[int, Example, Integers]]:
    """Yield (number, example, ranked candidates) for each example. The trees were trained without the fold of the example."""
    for fold in sorted({example.fold for example in all_examples}):
        forest = fit_forest([example for example in all_examples if example.fold != fold], threads).tables()
        for number, example in enumerate(all_examples):
            if example.fold == fold:
                scores = forest.score(example.table[: example.candidates])
                yield number, example, example.positions[: example.candidates][np.argsort(-scores, kind="stable")]
