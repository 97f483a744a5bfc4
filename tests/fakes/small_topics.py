"""A topic memory with a few topics. The shipped one has 1,775 topics, and compiling an index with it takes a second."""

from pathlib import Path

import numpy as np
from fakes.hashed_vectors import HashedVectors

from appliance.scripture.search.ranking.learned import TopicVotes, save_topics

VOTES = {"shepherds": 19_023_001, "mercy": 19_051_001, "washing": 19_051_002}


def write_small_topics(path: Path) -> Path:
    """Write the small topic memory to a file, with one vote per topic."""
    vectors = np.stack([np.frombuffer(vector, dtype="<f4") for vector in HashedVectors().embed(list(VOTES))])
    topics = TopicVotes(
        source="By hand",
        names=list(VOTES),
        vectors=vectors,
        topic_of=np.arange(len(VOTES)),
        verse_ids=np.array(list(VOTES.values())),
        gains=np.ones(len(VOTES), dtype=np.float32),
    )
    save_topics(topics, path)
    return path
