"""Training the ranking from a file of votes."""

from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import pytest
from fakes.hashed_vectors import HashedVectors
from fakes.library_items import put_item
from fakes.ranking import PLACES, direction, small_knowledge

from appliance.infrastructure.database import Database
from appliance.infrastructure.opening import FileRefused
from appliance.scripture.links.kinds import CROSS_REFERENCES
from appliance.scripture.links.link import CrossReference
from appliance.scripture.search.ranking.learned import RANKER, TOPICS, TopicVotes, load_learned, load_topics
from appliance.scripture.search.ranking.learning import (
    TrainingDataMissing,
    by_position,
    read_votes,
    train_ranking,
    whole_words,
)

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


def train(
    library: Database, votes_file: Path, tokenizer: Path, on_progress: Callable[[str], None] = print
) -> list[Path]:
    output = votes_file.with_name("learned")
    return train_ranking(
        library, VECTORS, "Hymns", votes_file, output, tokenizer=tokenizer, on_progress=on_progress, folds=2, rounds=3
    )


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
    hymns: Database, votes_file: Path, tokenizer: Path
) -> None:
    with pytest.raises(TrainingDataMissing, match=r"no cross references.*library import"):
        train(hymns, votes_file, tokenizer)

    assert not votes_file.with_name("learned").exists()


def test_training_writes_the_trees_and_the_topics(hymns: Database, votes_file: Path, tokenizer: Path) -> None:
    put_item(hymns, CROSS_REFERENCES, "Links", [CrossReference(19_023_001, 19_051_001, 19_051_001)])
    progress: list[str] = []
    files = train(hymns, votes_file, tokenizer, progress.append)
    learned, topics = load_learned(files[0]), load_topics(files[1])

    assert [RANKER, TOPICS] == [file.name for file in files]
    assert (VECTORS.model, frozenset({"lamp", "shepherd"})) == (learned.model, learned.words)
    assert "memory_wide" in learned.columns
    assert ["light", "mercy", "shepherd", "washing", "care"] == topics.names
    for name in ("with cross references", "without cross references"):
        assert f"{name}: 5 of 5 topics prepared" in progress
        assert f"{name}: training trees" in progress


def test_whole_words_have_more_than_three_letters_of_the_english_alphabet(tokenizer: Path) -> None:
    assert {"lamp", "shepherd"} == whole_words(tokenizer)


def test_a_tokenizer_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileRefused):
        whole_words(tmp_path / "tokenizer.json")
