"""Learning to rank from topics and the votes of their readers: lambdarank (Burges, "From RankNet to LambdaRank to LambdaMART", 2010).

All that is learned from votes is learned out of fold: the row of a topic's verse is made with a memory and an embedding adapter that never
saw the topic, as it will be with topics that nobody voted on yet.
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

# Verses nobody would take for an answer, beside the candidates: the cheapest gain of all.
RANDOM_VERSES = 300
# Gains are learned in steps of a quarter.
GAIN_STEPS = 4
# Forests that saw other parts of the rows and columns err differently: their sum is better than one.
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
# Topics that mean the same as each other, for folds that never part them.
SAME_MEANING = 0.75


class TrainingUnavailable(Unavailable):
    """What trains is not installed."""


class Topics(msgspec.Struct, frozen=True, kw_only=True):
    """Topics to learn from: their names, vectors, and for each the gains of verses by position."""

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
        of = np.repeat(np.arange(len(self.names)), [len(each) for each in self.gains])
        positions = np.array([position for each in self.gains for position in each], dtype=np.int64)
        gains = np.array([gain for each in self.gains for gain in each.values()], dtype=np.float32)
        return remember(self.vectors, of, positions, gains, verses)

    def adapter(self, verses: Floats) -> EmbeddingAdapter:
        return fit_adapter(self.vectors, self.gains, verses)


class Example(msgspec.Struct, frozen=True, kw_only=True):
    """The rows of one topic's verses; the first `candidates` of them are what a search would rank."""

    fold: int
    positions: Integers
    table: Floats
    gains: Floats
    candidates: int


def folds_by_topic(count: int, folds: int, seed: int = 1) -> Integers:
    """Which fold each topic is in, by chance."""
    folded: Integers = np.random.default_rng(seed).permutation(count) % folds
    return folded


def folds_by_cluster(vectors: Floats, folds: int, seed: int = 1) -> Integers:
    """Folds that never part topics of like meaning: single linkage at a cosine of SAME_MEANING, the largest first."""
    alike = vectors @ vectors.T >= SAME_MEANING
    cluster = np.full(len(vectors), -1)
    count = 0
    for start in range(len(vectors)):
        if cluster[start] < 0:
            cluster[_reached_from(start, alike)] = count
            count += 1
    sizes = np.bincount(cluster)
    shuffled = np.random.default_rng(seed).permutation(count)
    filled = np.zeros(folds, dtype=np.int64)
    fold = np.zeros(len(vectors), dtype=np.int64)
    for each in sorted(shuffled.tolist(), key=lambda number: -sizes[number]):
        smallest = int(filled.argmin())
        fold[cluster == each] = smallest
        filled[smallest] += sizes[each]
    return fold


def _reached_from(start: int, alike: Booleans) -> Booleans:
    """Which rows are tied to one, directly or through others."""
    reached: Booleans = alike[start]
    while True:
        wider: Booleans = reached | alike[reached].any(axis=0)
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
    """The columns, and the rows of every topic, made without what was learned in its own fold."""
    made: list[Example] = []
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
            found = candidate_positions(signals)
            others_at = np.setdiff1d(
                random.choice(knowledge.size, min(RANDOM_VERSES, knowledge.size), replace=False), found
            )
            at = np.concatenate([found, others_at])
            columns, table = features.table(signals, at)
            gains = np.array([topics.gains[number].get(position, 0.0) for position in at.tolist()], dtype=np.float32)
            made.append(Example(fold=fold, positions=at, table=table, gains=gains, candidates=len(found)))
            on_progress(len(made), len(topics.names))
    return columns, made


def fit_forest(rows: Sequence[Example], threads: int) -> Forest:
    """Trees that order the verses of each example by their gains. Raises TrainingUnavailable."""
    try:
        import lightgbm
    except ImportError as error:
        raise TrainingUnavailable(
            "lightgbm is not installed.", remedy="`pip install 'lampstand[training]'` brings it."
        ) from error
    labels = np.concatenate([np.round(each.gains * GAIN_STEPS) for each in rows]).astype(np.int32)
    data = lightgbm.Dataset(
        np.concatenate([each.table for each in rows]),
        labels,
        group=[len(each.gains) for each in rows],
        params={"max_bin": PARAMETERS["max_bin"], "verbosity": -1},
    )
    grown = [
        lightgbm.train({**PARAMETERS, "seed": seed, "num_threads": threads}, data, ROUNDS).dump_model()["tree_info"]
        for seed in RANDOM_SEEDS
    ]
    return forest_of([tree for trees in grown for tree in trees])


def cross_validated(rows: Sequence[Example], threads: int) -> Iterator[tuple[int, Example, Integers]]:
    """For each example its number, itself and its candidates, best first, by trees that were grown without its fold."""
    for fold in sorted({each.fold for each in rows}):
        forest = fit_forest([each for each in rows if each.fold != fold], threads).tables()
        for number, each in enumerate(rows):
            if each.fold == fold:
                scores = forest.score(each.table[: each.candidates])
                yield number, each, each.positions[: each.candidates][np.argsort(-scores, kind="stable")]
