"""How good the learned ranking is on topics that it never saw: everything learned from votes is learned out of fold."""

from collections.abc import Callable

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
# Topics further than this from every known one mean something else.
UNLIKE = 0.5


class Variant(msgspec.Struct, frozen=True):
    """What is left out: the memory of votes, cross references; and whether like topics stay in one fold."""

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
    """nDCG@10 of each variant, and of how many topics it is the mean. Raises TrainingUnavailable."""
    found: list[Measurement] = []
    scores: dict[str, Floats] = {}
    for variant in variants:
        if variant.links and not len(knowledge.links.values):
            continue
        folds = folds_by_cluster(topics.vectors, FOLDS) if variant.grouped else folds_by_topic(len(topics.names), FOLDS)
        scores[variant.name] = _scores(appliance, knowledge, topics, folds, variant, on_progress)
        found.append(at_least(variant.name, float(scores[variant.name].mean()), "nDCG", variant.bar))
    if {"no_votes", "with_cross_references"} <= scores.keys():
        unlike = unlike_any_other(topics.vectors, folds_by_topic(len(topics.names), FOLDS))
        without, remembered = (float(scores[name][unlike].mean()) for name in ("no_votes", "with_cross_references"))
        found.append(at_least("unlike_known_topics", remembered, "nDCG", without, baseline=without))
    return [*found, plain("topics", len(topics.names), "topics")]


def unlike_any_other(vectors: Floats, folds: Integers) -> Integers:
    """The topics that no topic of another fold is like: a memory of those knows nothing of them."""
    cosine = vectors @ vectors.T
    cosine[folds[:, None] == folds[None, :]] = -1.0
    return np.flatnonzero(cosine.max(axis=1) < UNLIKE)


def _scores(
    appliance: Appliance,
    knowledge: Knowledge,
    topics: Topics,
    folds: Integers,
    variant: Variant,
    on_progress: Callable[[str], None],
) -> Floats:
    """nDCG@10 of each topic."""
    known = knowledge if variant.links else knowledge.without_links()
    _, rows = examples(
        appliance.library,
        known,
        topics,
        folds,
        remember=variant.remember,
        on_progress=lambda done, total: on_progress(f"{variant.name}: {done:,} of {total:,} topics gathered"),
    )
    on_progress(f"{variant.name}: growing trees")
    scores = np.zeros(len(rows), dtype=np.float32)
    # `examples` go by fold; gains are asked for by topic.
    numbers = [number for fold in np.unique(folds).tolist() for number in np.flatnonzero(folds == fold).tolist()]
    for done, (place, _, ranked) in enumerate(cross_validated(rows, describe_machine().cores), start=1):
        topic = numbers[place]
        scores[topic] = ndcg(ranked[:TOP].tolist(), topics.gains[topic])
        on_progress(f"{variant.name}: {done:,} of {len(rows):,} topics ranked")
    return scores
