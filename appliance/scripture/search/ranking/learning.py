"""Trains the shipped files from a file of votes and from the library."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import msgspec

from appliance.errors import Refused
from appliance.infrastructure.database import Database
from appliance.infrastructure.machine import describe_machine
from appliance.infrastructure.opening import read_regular
from appliance.scripture.importers.detect import open_sources
from appliance.scripture.links.kinds import TOPIC_VOTES
from appliance.scripture.search.index import embedded_translation, index_state
from appliance.scripture.search.ports import Embedder
from appliance.scripture.search.ranking.compiled import second_translation
from appliance.scripture.search.ranking.forest import Forest
from appliance.scripture.search.ranking.imported_topics import topic_votes
from appliance.scripture.search.ranking.knowledge import Knowledge
from appliance.scripture.search.ranking.learned import RANKER, TOPICS, Learned, TopicVotes, save_learned, save_topics
from appliance.scripture.search.ranking.reading import read_knowledge
from appliance.scripture.search.ranking.training import ROUNDS, Topics, examples, fit_forest, folds_by_topic
from appliance.scripture.translations import queries

FOLDS = 5
OnProgress = Callable[[str], None]


class TrainingDataMissing(Refused):
    """The file or the library does not contain the data that training needs."""


def read_votes(
    library: Database, embedder: Embedder, preferred: str, file: Path
) -> tuple[TopicVotes, Knowledge, Topics]:
    """Return the topics of a file, the knowledge from the library, and the topics with votes by verse position.

    `preferred` is the preferred translation for search by meaning.

    Raises TrainingDataMissing, Unavailable.
    """
    with open_sources(str(file)) as sources:
        source = sources[0]
        if source.kind is not TOPIC_VOTES:
            raise TrainingDataMissing(
                f"{file.name} is not a file of topic votes.",
                remedy="Use a file with the columns topic, start, end, votes.",
            )
        votes = topic_votes(source.entries(), embedder, f"{source.name}, {source.licence}, {source.attribution}")
    embedded = embedded_translation(library, preferred)
    if embedded is None or not index_state(library, preferred, embedder.model).complete:
        raise TrainingDataMissing("Search by meaning is not complete.", remedy="Run `lampstand index` to complete it.")
    second = second_translation(queries.translations(library), embedded)
    knowledge = read_knowledge(library.reader, embedded, second, embedder.model)
    return votes, knowledge, by_position(votes, knowledge)


def by_position(votes: TopicVotes, knowledge: Knowledge) -> Topics:
    """Return topics whose gains are by verse position in the translation that has vectors."""
    gains: list[dict[int, float]] = [{} for _ in votes.names]
    positions = knowledge.positions(votes.verse_ids)
    for topic, position, gain in zip(votes.topic_of.tolist(), positions.tolist(), votes.gains.tolist(), strict=True):
        if position >= 0:
            gains[topic][position] = gain
    return Topics(names=votes.names, vectors=votes.vectors, gains=gains)


def train_ranking(
    library: Database,
    embedder: Embedder,
    preferred: str,
    file: Path,
    output: Path,
    *,
    tokenizer: Path,
    on_progress: OnProgress,
) -> list[Path]:
    """Train the ranking, and write the shipped files to the folder `output`.

    `tokenizer` is the file `tokenizer.json` of the embedding model.

    Raises TrainingDataMissing, TrainingUnavailable, Unavailable.
    """
    votes, knowledge, topics = read_votes(library, embedder, preferred, file)
    if not len(knowledge.links.values):
        raise TrainingDataMissing(
            "The library has no cross references.", remedy="Import them with `lampstand library import`."
        )
    learned = learn(library, knowledge, topics, embedder.model, whole_words(tokenizer), on_progress=on_progress)
    output.mkdir(parents=True, exist_ok=True)
    save_learned(learned, output / RANKER)
    save_topics(votes, output / TOPICS)
    return [output / RANKER, output / TOPICS]


def learn(
    library: Database,
    knowledge: Knowledge,
    topics: Topics,
    model: str,
    words: frozenset[str],
    *,
    on_progress: OnProgress,
    folds: int = FOLDS,
    rounds: int = ROUNDS,
) -> Learned:
    """Train the embedding adapter, and the trees for libraries with cross references and for libraries without.

    `model` is the embedding model, and `words` are the whole words in its vocabulary. Raises TrainingUnavailable.
    """
    fold_of, threads = folds_by_topic(len(topics.names), folds), describe_machine().cores
    forests: list[Forest] = []
    columns: list[str] = []
    for name, variant in (
        ("with cross references", knowledge),
        ("without cross references", knowledge.without_links()),
    ):
        columns, rows = examples(
            library,
            variant,
            topics,
            fold_of,
            remember=True,
            on_progress=partial(_report, on_progress, name),
        )
        on_progress(f"{name}: training trees")
        forests.append(fit_forest(rows, threads, rounds))
    return Learned(
        model=model,
        words=words,
        columns=columns,
        adapter=topics.adapter(knowledge.vectors.whole()),
        linked=forests[0],
        unlinked=forests[1],
    )


def _report(on_progress: OnProgress, name: str, done: int, total: int) -> None:
    on_progress(f"{name}: {done:,} of {total:,} topics prepared")


def whole_words(tokenizer: Path) -> frozenset[str]:
    """Return the whole words in the vocabulary of an embedding model's tokenizer."""
    vocabulary = msgspec.json.decode(read_regular(tokenizer))["model"]["vocab"]
    return frozenset(word for word in vocabulary if len(word) > 3 and word.isalpha() and word.isascii())
