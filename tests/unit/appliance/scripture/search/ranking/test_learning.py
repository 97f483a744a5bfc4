"""Training the ranking from a file of votes."""

from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import pytest
from fakes.hashed_vectors import HashedVectors
from fakes.ranking import PLACES, SIZE, direction, small_knowledge

from appliance.infrastructure.database import Database
from appliance.infrastructure.opening import FileRefused
from appliance.scripture.search.ranking.learned import TopicVotes
from appliance.scripture.search.ranking.learning import (
    TrainingDataMissing,
    by_position,
    learn,
    read_votes,
    train_ranking,
    whole_words,
)
from appliance.scripture.search.ranking.training import Topics

VECTORS = HashedVectors()
# The library has no verse of John.
VOTES = (
    ("mercy", "Ps.51.1", "Ps.51.2", 3),
    ("shepherd", "Ps.23.1", "Ps.23.1", 7),
    ("washing", "Ps.51.2", "Ps.51.2", 1),
    ("care", "Ps.23.1", "Ps.23.1", 1),
    ("light", "John.1.5", "John.1.5", 31),
)


@pytest.fixture
def votes_file(tmp_path: Path) -> Path:
    file = tmp_path / "votes.tsv"
    lines = ["topic\tstart\tend\tvotes", *("\t".join(map(str, vote)) for vote in VOTES)]
    file.write_text("\n".join(lines), encoding="utf-8")
    return file


@pytest.fixture
def tokenizer(tmp_path: Path) -> Path:
    """The tokenizer file of an embedding model."""
    vocabulary = ["[PAD]", "the", "##ward", "lamp", "shepherd", "ágape", "1234", "don't", "oil"]
    file = tmp_path / "tokenizer.json"
    numbers = {word: number for number, word in enumerate(vocabulary)}
    file.write_bytes(msgspec.json.encode({"version": "1.0", "model": {"type": "WordPiece", "vocab": numbers}}))
    return file


def test_the_gains_of_a_topic_are_by_the_position_of_the_verse() -> None:
    votes = TopicVotes(
        source="by hand",
        names=["hope", "peace"],
        vectors=np.stack([direction(1), direction(0, 1)]),
        topic_of=np.array([0, 1, 0]),
        verse_ids=np.array([PLACES[3], PLACES[0], PLACES[5]]),
        gains=np.array([4.0, 2.0, 1.0], dtype=np.float32),
    )

    topics = by_position(votes, small_knowledge())

    assert ["hope", "peace"] == topics.names
    assert [{3: 4.0, 5: 1.0}, {0: 2.0}] == topics.gains


def test_a_topic_whose_verses_the_library_lacks_has_no_gains() -> None:
    votes = TopicVotes(
        source="by hand",
        names=["hope"],
        vectors=direction(1)[None],
        topic_of=np.array([0, 0]),
        verse_ids=np.array([1_001_099, 66_022_021]),
        gains=np.ones(2, dtype=np.float32),
    )

    assert [{}] == by_position(votes, small_knowledge()).gains


def test_the_topics_of_a_file_come_with_the_knowledge_of_the_library(hymns: Database, votes_file: Path) -> None:
    """The gain is the binary logarithm of one more than the votes. The topic with the largest sum of gains is first."""
    votes, knowledge, topics = read_votes(hymns, VECTORS, "Hymns", votes_file)

    assert ["light", "mercy", "shepherd", "washing", "care"] == topics.names
    assert [{}, {1: 2.0, 2: 2.0}, {0: 3.0}, {2: 1.0}, {0: 1.0}] == topics.gains
    assert (3, 5) == (knowledge.size, len(votes.vectors))
    assert votes.source.startswith("Topics of votes.tsv, Not stated by the file")


def test_a_file_of_another_kind_is_refused(hymns: Database, tmp_path: Path) -> None:
    file = tmp_path / "links.tsv"
    file.write_text("From Verse\tTo Verse\tVotes\nPs.23.1\tPs.51.1\t5\n", encoding="utf-8")

    with pytest.raises(TrainingDataMissing, match=r"links.tsv is not a file of topic votes.*topic, start, end, votes"):
        read_votes(hymns, VECTORS, "Hymns", file)


def test_a_library_without_translations_is_not_complete(library: Database, votes_file: Path) -> None:
    with pytest.raises(TrainingDataMissing, match=r"not complete.*lampstand index"):
        read_votes(library, VECTORS, "Hymns", votes_file)


def test_verses_without_vectors_of_the_model_are_not_complete(
    hymns: Database, votes_file: Path, import_text: Callable[..., None]
) -> None:
    with pytest.raises(TrainingDataMissing, match="not complete"):
        read_votes(hymns, HashedVectors("another"), "Hymns", votes_file)

    import_text("Hymns", {"Ps.23.1": "A new lamp"})
    with pytest.raises(TrainingDataMissing, match="not complete"):
        read_votes(hymns, VECTORS, "Hymns", votes_file)


def test_training_needs_cross_references_and_writes_nothing_without_them(
    hymns: Database, votes_file: Path, tokenizer: Path, tmp_path: Path
) -> None:
    output = tmp_path / "learned"
    with pytest.raises(TrainingDataMissing, match=r"no cross references.*library import"):
        train_ranking(hymns, VECTORS, "Hymns", votes_file, output, tokenizer=tokenizer, on_progress=print)

    assert not output.exists()


def test_training_gives_trees_for_libraries_with_and_without_cross_references(library: Database) -> None:
    knowledge = small_knowledge()
    names = ["lamp", "door", "bread", "guest", "oil"]
    gains: list[dict[int, float]] = [{1: 3.0, 2: 3.0}, {4: 2.0, 5: 1.0}, {3: 2.0}, {4: 1.0}, {}]
    vectors = np.stack([direction(*[0] * number, 0.8, 0.6) for number in range(5)])
    progress: list[str] = []
    learned = learn(
        library,
        knowledge,
        Topics(names=names, vectors=vectors, gains=gains),
        "a model",
        frozenset({"lamp"}),
        on_progress=progress.append,
        folds=2,
        rounds=3,
    )

    table = np.zeros((4, len(learned.columns)), dtype=np.float32)
    assert ("a model", {"lamp"}) == (learned.model, set(learned.words))
    assert {"words", "linked", "memory_wide", "aspect_0"} < set(learned.columns)
    assert [(4,), (4,)] == [trees.tables().score(table).shape for trees in (learned.linked, learned.unlinked)]
    assert (SIZE, SIZE) == learned.adapter.matrix.shape
    for name in ("with cross references", "without cross references"):
        steps = [f"{name}: {done} of 5 topics prepared" for done in range(1, 6)]
        assert [*steps, f"{name}: training trees"] == [line for line in progress if line.startswith(f"{name}:")]


def test_whole_words_have_more_than_three_letters_of_the_english_alphabet(tokenizer: Path) -> None:
    assert {"lamp", "shepherd"} == whole_words(tokenizer)


def test_a_tokenizer_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileRefused):
        whole_words(tmp_path / "tokenizer.json")
