"""The topic memory of a library with imported votes. It has the imported topics first, then the shipped topics."""

import io
import math
import zipfile
from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec
import numpy as np

from appliance.infrastructure.atomic import replace_content
from appliance.infrastructure.database import Database
from appliance.scripture.library.queries import installed
from appliance.scripture.links.kinds import TOPIC_VOTES
from appliance.scripture.links.link import TopicVote
from appliance.scripture.links.store import select_topic_votes
from appliance.scripture.search.ports import Embedder
from appliance.scripture.search.ranking.learned import SHIPPED, TOPICS, TopicVotes, load_topics, save_topics
from appliance.scripture.search.ranking.reading import MAX_RANGE_VERSES

BATCH = 256
SEPARATOR = "; "
# The kernel matrix of the topic memory grows with the square of this number. The topics with the most votes are kept.
MAX_TOPICS = 5_000


def rebuild_memory(
    database: Database,
    embedder: Embedder,
    path: Path,
    on_progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> int:
    """Rebuild the topic memory from the votes in the library. Without votes, use the shipped topic memory again.

    Returns the number of topics in the topic memory. Raises Unavailable if there is no embedding model.
    """
    shipped = load_topics(SHIPPED / TOPICS)
    source = _source_of(database, embedder.model)
    votes = [vote for vote in select_topic_votes(database.reader) if vote.votes > 0]
    if not source:
        path.unlink(missing_ok=True)
        return len(shipped.names)
    if votes:
        merged = merge(topic_votes(votes, embedder, source, on_progress), shipped)
    else:
        merged = msgspec.structs.replace(shipped, source=f"{source}{SEPARATOR}{shipped.source}")
    content = io.BytesIO()
    save_topics(merged, content)
    replace_content(path, content.getvalue())
    return len(merged.names)


def memory_is_stale(database: Database, path: Path, model: str) -> bool:
    """Return True if the topic memory at `path` was not built from the library's current votes and vectors of `model`."""
    source = _source_of(database, model)
    if not path.exists():
        return bool(source)
    try:
        stored_source = load_topics(path).source
    except (OSError, ValueError, KeyError, zipfile.BadZipFile):
        return True
    return not source or not stored_source.startswith(f"{source}{SEPARATOR}")


def _source_of(database: Database, model: str) -> str:
    """Return the embedding model and the digests of the votes in the library, or an empty text if there are no votes."""
    votes = installed(database, TOPIC_VOTES)
    return f"{model} of {', '.join(f'{item.id} {item.digest}' for item in votes)}" if votes else ""


def topic_votes(
    votes: Iterable[TopicVote],
    embedder: Embedder,
    source: str,
    on_progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> TopicVotes:
    """Group votes by topic, and compute the vectors of the topics. A vote for a range counts for each verse of the range."""
    gains: dict[str, dict[int, float]] = defaultdict(dict)
    for vote in votes:
        if vote.votes > 0:
            for verse_id in range(vote.start, min(vote.end, vote.start + MAX_RANGE_VERSES - 1) + 1):
                gain = math.log2(1 + vote.votes)
                gains[vote.topic][verse_id] = max(gain, gains[vote.topic].get(verse_id, 0.0))
    names = sorted(gains, key=lambda name: -sum(gains[name].values()))[:MAX_TOPICS]
    vectors: list[bytes] = []
    for start in range(0, len(names), BATCH):
        vectors += embedder.embed(names[start : start + BATCH])
        on_progress(len(vectors), len(names))
    return TopicVotes(
        source=source,
        names=names,
        vectors=np.stack([np.frombuffer(vector, dtype="<f4") for vector in vectors]),
        topic_of=np.repeat(np.arange(len(names)), [len(gains[name]) for name in names]),
        verse_ids=np.array([verse_id for name in names for verse_id in gains[name]], dtype=np.int64),
        gains=np.array([gain for name in names for gain in gains[name].values()], dtype=np.float32),
    )


def merge(own: TopicVotes, others: TopicVotes) -> TopicVotes:
    """Return all topics of `own`, then those topics of `others` whose names are not in `own`."""
    own_names = {name.lower() for name in own.names}
    kept = np.array(
        [number for number, name in enumerate(others.names) if name.lower() not in own_names], dtype=np.int64
    )
    kept = kept[: max(0, MAX_TOPICS - len(own.names))]
    kept_votes = np.isin(others.topic_of, kept)
    renumbered = np.searchsorted(kept, others.topic_of[kept_votes]) + len(own.names)
    return TopicVotes(
        source=f"{own.source}{SEPARATOR}{others.source}",
        names=[*own.names, *(others.names[number] for number in kept.tolist())],
        vectors=np.concatenate([own.vectors, others.vectors[kept]]),
        topic_of=np.concatenate([own.topic_of, renumbered]),
        verse_ids=np.concatenate([own.verse_ids, others.verse_ids[kept_votes]]),
        gains=np.concatenate([own.gains, others.gains[kept_votes]]),
    )
