"""The quality of the learned ranking on unseen topics. For each fold, only votes of the other folds are used for training."""

from collections.abc import Callable, Mapping, Sequence

import msgspec
import numpy as np

from appliance.infrastructure.arrays import Floats, Integers
from appliance.infrastructure.machine import describe_machine
from appliance.scripture.search.ranking.knowledge import Knowledge
from appliance.scripture.search.ranking.training import (
    Topics,
    cross_validated,
    examples,
    folds_by_cluster,
    folds_by_topic,
)
from server.benchmarks.report import Measurement, at_least, plain
from server.benchmarks.topics import TOP, ndcg
from server.bootstrap import Appliance

FOLDS = 5
# A topic counts as dissimilar if its cosine similarity with every topic of the other folds is below this value.
DISSIMILAR = 0.5


class Variant(msgspec.Struct, frozen=True):
    """A measured variant: with or without topic memory and cross references. `grouped` keeps similar topics in one fold."""

    name: str
    bar: float
    remember: bool = True
    links: bool = True
    grouped: bool = False


VARIANTS = (
    Variant("no_votes", 0.329, remember=False),
    Variant("shipped", 0.426, links=False),
    Variant("with_cross_references", 0.429),
    Variant("with_cross_references_grouped", 0.404, grouped=True),
)


def measure_cross_validated(
    appliance: Appliance,
    knowledge: Knowledge,
    topics: Topics,
    on_progress: Callable[[str], None],
    variants: tuple[Variant, ...] = VARIANTS,
) -> list[Measurement]:
    """Return the mean nDCG@10 of each variant, and the number of topics. Raises TrainingUnavailable."""
    scores: dict[str, Floats] = {}
    for variant in variants:
        if variant.links and not len(knowledge.links.values):
            continue
        folds = folds_by_cluster(topics.vectors, FOLDS) if variant.grouped else folds_by_topic(len(topics.names), FOLDS)
        scores[variant.name] = _scores(appliance, knowledge, topics, folds, variant, on_progress)
    return figures(scores, topics.vectors, variants)


def figures(scores: Mapping[str, Floats], vectors: Floats, variants: Sequence[Variant] = VARIANTS) -> list[Measurement]:
    """Return the mean score of each measured variant, the scores of dissimilar topics, and the number of topics.

    `scores` has the nDCG@10 of each topic, by the name of the variant. `vectors` are the vectors of the topics.
    """
    measurements = [
        at_least(variant.name, float(scores[variant.name].mean()), "nDCG", variant.bar)
        for variant in variants
        if variant.name in scores
    ]
    dissimilar = dissimilar_topics(vectors, folds_by_topic(len(vectors), FOLDS))
    if len(dissimilar) and {"no_votes", "with_cross_references"} <= scores.keys():
        without, remembered = (float(scores[name][dissimilar].mean()) for name in ("no_votes", "with_cross_references"))
        measurements.append(at_least("unlike_known_topics", remembered, "nDCG", without, baseline=without))
    return [*measurements, plain("topics", len(vectors), "topics")]


def dissimilar_topics(vectors: Floats, folds: Integers) -> Integers:
    """Return the topics that are similar to no topic of another fold. The topic memory has no data about these topics."""
    cosine = vectors @ vectors.T
    cosine[folds[:, None] == folds[None, :]] = -1.0
    return np.flatnonzero(cosine.max(axis=1) < DISSIMILAR)


def topics_by_fold(folds: Integers) -> list[int]:
    """Return the topics in the order of `examples`: fold by fold."""
    return [topic for fold in np.unique(folds).tolist() for topic in np.flatnonzero(folds == fold).tolist()]


def _scores(
    appliance: Appliance,
    knowledge: Knowledge,
    topics: Topics,
    folds: Integers,
    variant: Variant,
    on_progress: Callable[[str], None],
) -> Floats:
    """Return the nDCG@10 of each topic."""
    used_knowledge = knowledge if variant.links else knowledge.without_links()
    _, rows = examples(
        appliance.library,
        used_knowledge,
        topics,
        folds,
        remember=variant.remember,
        on_progress=lambda done, total: on_progress(f"{variant.name}: {done:,} of {total:,} topics prepared"),
    )
    on_progress(f"{variant.name}: training trees")
    scores = np.zeros(len(rows), dtype=np.float32)
    # `examples` are in the order of the folds; `gains` are in the order of the topics.
    topic_numbers = topics_by_fold(folds)
    for done, (position, _, ranked) in enumerate(cross_validated(rows, describe_machine().cores), start=1):
        topic = topic_numbers[position]
        scores[topic] = ndcg(ranked[:TOP].tolist(), topics.gains[topic])
        on_progress(f"{variant.name}: {done:,} of {len(rows):,} topics ranked")
    return scores
