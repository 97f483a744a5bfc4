"""The topic memory of a library whose owner imported votes: the shipped topics, and theirs before them."""

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
from appliance.scripture.search.ranking.reading import LONGEST_RANGE

BATCH = 256
PARTED = "; "
# The memory's matrix grows with the square of its topics: those with the most votes are kept.
MAX_TOPICS = 5_000


def rebuild_memory(
    database: Database,
    embedder: Embedder,
    path: Path,
    on_progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> int:
    """Make the memory anew from the votes in the library; without votes, the shipped one is taken again.

    Returns the number of topics remembered. Raises Unavailable where there is no embedding model.
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
        merged = msgspec.structs.replace(shipped, source=f"{source}{PARTED}{shipped.source}")
    content = io.BytesIO()
    save_topics(merged, content)
    replace_content(path, content.getvalue())
    return len(merged.names)


def memory_is_stale(database: Database, path: Path, model: str) -> bool:
    """True where the memory at `path` is not of the votes that the library has now, by vectors of a model."""
    wanted = _source_of(database, model)
    if not path.exists():
        return bool(wanted)
    try:
        held = load_topics(path).source
    except (OSError, ValueError, KeyError, zipfile.BadZipFile):
        return True
    return not wanted or not held.startswith(f"{wanted}{PARTED}")


def _source_of(database: Database, model: str) -> str:
    """The votes of the library, told by their digests, and the model of their vectors; empty where there are none."""
    votes = installed(database, TOPIC_VOTES)
    return f"{model} of {', '.join(f'{each.id} {each.digest}' for each in votes)}" if votes else ""


def topic_votes(
    votes: Iterable[TopicVote],
    embedder: Embedder,
    source: str,
    on_progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> TopicVotes:
    """Topics by name with their vectors; a range of verses counts for each of them."""
    gains: dict[str, dict[int, float]] = defaultdict(dict)
    for vote in votes:
        if vote.votes > 0:
            for verse_id in range(vote.start, min(vote.end, vote.start + LONGEST_RANGE - 1) + 1):
                worth = math.log2(1 + vote.votes)
                gains[vote.topic][verse_id] = max(worth, gains[vote.topic].get(verse_id, 0.0))
    kept = sorted(gains, key=lambda name: -sum(gains[name].values()))[:MAX_TOPICS]
    vectors: list[bytes] = []
    for at in range(0, len(kept), BATCH):
        vectors += embedder.embed(kept[at : at + BATCH])
        on_progress(len(vectors), len(kept))
    return TopicVotes(
        source=source,
        names=kept,
        vectors=np.stack([np.frombuffer(vector, dtype="<f4") for vector in vectors]),
        topic_of=np.repeat(np.arange(len(kept)), [len(gains[name]) for name in kept]),
        verse_ids=np.array([verse_id for name in kept for verse_id in gains[name]], dtype=np.int64),
        gains=np.array([gain for name in kept for gain in gains[name].values()], dtype=np.float32),
    )


def merge(own: TopicVotes, others: TopicVotes) -> TopicVotes:
    """One's own topics and those of the others that have another name."""
    known = {name.lower() for name in own.names}
    kept = np.array([number for number, name in enumerate(others.names) if name.lower() not in known], dtype=np.int64)
    kept = kept[: max(0, MAX_TOPICS - len(own.names))]
    taken = np.isin(others.topic_of, kept)
    renumbered = np.searchsorted(kept, others.topic_of[taken]) + len(own.names)
    return TopicVotes(
        source=f"{own.source}{PARTED}{others.source}",
        names=[*own.names, *(others.names[number] for number in kept.tolist())],
        vectors=np.concatenate([own.vectors, others.vectors[kept]]),
        topic_of=np.concatenate([own.topic_of, renumbered]),
        verse_ids=np.concatenate([own.verse_ids, others.verse_ids[taken]]),
        gains=np.concatenate([own.gains, others.gains[taken]]),
    )
