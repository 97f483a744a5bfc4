"""The shipped files of the ranking model."""

from pathlib import Path

import numpy as np

from appliance.scripture.search.ranking.imported_topics import merge
from appliance.scripture.search.ranking.learned import (
    RANKER,
    SHIPPED,
    TOPICS,
    TopicVotes,
    load_learned,
    load_topics,
    save_learned,
    save_topics,
)


def votes(names: list[str], source: str = "mine") -> TopicVotes:
    count = len(names)
    return TopicVotes(
        source=source,
        names=names,
        vectors=np.eye(count, 384, dtype=np.float32),
        topic_of=np.arange(count),
        verse_ids=np.arange(count) + 1_001_001,
        gains=np.ones(count, dtype=np.float32),
    )


def test_the_shipped_files_are_small_and_name_the_source_of_the_votes() -> None:
    topics = load_topics(SHIPPED / TOPICS)

    assert sum((SHIPPED / name).stat().st_size for name in (RANKER, TOPICS)) < 4_000_000
    assert len(topics.names) > 1_500
    assert "OpenBible" in topics.source
    assert "CC BY" in topics.source


def test_saved_files_load_with_the_same_content(tmp_path: Path) -> None:
    learned = load_learned(SHIPPED / RANKER)
    save_learned(learned, tmp_path / RANKER)
    save_topics(votes(["one", "two"]), tmp_path / TOPICS)
    loaded, topics = load_learned(tmp_path / RANKER), load_topics(tmp_path / TOPICS)
    table = np.random.default_rng(1).standard_normal((20, len(learned.columns))).astype(np.float32)

    assert learned.columns == loaded.columns
    assert learned.linked.tables().score(table).tolist() == loaded.linked.tables().score(table).tolist()
    assert ["one", "two"] == topics.names
    assert [1_001_001, 1_001_002] == topics.verse_ids.tolist()


def test_own_topics_replace_shipped_topics_with_the_same_name() -> None:
    merged = merge(votes(["Love", "hope"]), votes(["joy", "love", "peace"], "theirs"))

    assert ["Love", "hope", "joy", "peace"] == merged.names
    assert [0, 1, 2, 3] == merged.topic_of.tolist()
    assert [1_001_001, 1_001_002, 1_001_001, 1_001_003] == merged.verse_ids.tolist()
    assert "mine; theirs" == merged.source
