"""The results of training: files of a few MB in the package, so that ranking works without the internet.

`ranker.npz` contains the trees and the embedding adapter. `topics.npz` contains the topics of the topic memory and their votes,
in the hub versification. `lampstand ranking train` rebuilds both files from a file of votes.
"""

from pathlib import Path
from typing import Any, BinaryIO

import msgspec
import numpy as np

from appliance.infrastructure.arrays import Floats, Integers
from appliance.scripture.search.ranking.embedding_adapter import EmbeddingAdapter
from appliance.scripture.search.ranking.forest import Forest

SHIPPED = Path(__file__).parent / "learned"
RANKER, TOPICS = "ranker.npz", "topics.npz"


class TopicVotes(msgspec.Struct, frozen=True, kw_only=True):
    """Topics with their vectors and votes. Vote `i` gives the verse `verse_ids[i]` the gain `gains[i]` for `topic_of[i]`."""

    source: str
    names: list[str]
    vectors: Floats
    topic_of: Integers
    verse_ids: Integers
    gains: Floats


class Learned(msgspec.Struct, frozen=True, kw_only=True):
    """A trained ranker for vectors of `model`. It has trees for libraries with cross references, and for libraries without.

    `words` are the whole words in the vocabulary of the model. Such words are never treated as misspellings.
    """

    model: str
    words: frozenset[str]
    columns: list[str]
    adapter: EmbeddingAdapter
    linked: Forest
    unlinked: Forest


def save_learned(learned: Learned, path: Path) -> None:
    arrays: dict[str, Any] = {
        "about": _text(msgspec.json.encode({"model": learned.model, "columns": learned.columns})),
        "words": _text("\n".join(sorted(learned.words)).encode()),
        "adapter": learned.adapter.matrix.astype(np.float16),
        "axes": learned.adapter.axes.astype(np.float16),
    }
    for name, forest in (("linked", learned.linked), ("unlinked", learned.unlinked)):
        arrays |= {f"{name}_{part}": getattr(forest, part) for part in Forest.__struct_fields__}
    np.savez_compressed(path, **arrays)


def load_learned(path: Path) -> Learned:
    with np.load(path, allow_pickle=False) as arrays:
        about = msgspec.json.decode(arrays["about"].tobytes())
        words = frozenset(arrays["words"].tobytes().decode().split("\n"))
        adapter = EmbeddingAdapter(arrays["adapter"].astype(np.float32), arrays["axes"].astype(np.float32))
        linked, unlinked = (
            Forest(*(arrays[f"{name}_{part}"] for part in Forest.__struct_fields__)) for name in ("linked", "unlinked")
        )
    return Learned(
        model=about["model"], words=words, columns=about["columns"], adapter=adapter, linked=linked, unlinked=unlinked
    )


def ranker_model(path: Path) -> str:
    """Return the embedding model for which the ranker in a file was trained."""
    with np.load(path, allow_pickle=False) as arrays:
        return str(msgspec.json.decode(arrays["about"].tobytes())["model"])


def save_topics(topics: TopicVotes, file: Path | BinaryIO) -> None:
    """Save topics. Their vectors are rounded to 16 bits. The error is much smaller than the differences between topics."""
    np.savez_compressed(
        file,
        about=_text(msgspec.json.encode({"source": topics.source, "names": topics.names})),
        vectors=topics.vectors.astype(np.float16),
        of=topics.topic_of.astype(np.int32),
        verse_ids=topics.verse_ids.astype(np.int32),
        gains=topics.gains.astype(np.float16),
    )


def load_topics(path: Path) -> TopicVotes:
    with np.load(path, allow_pickle=False) as arrays:
        about = msgspec.json.decode(arrays["about"].tobytes())
        return TopicVotes(
            source=about["source"],
            names=about["names"],
            vectors=arrays["vectors"].astype(np.float32),
            topic_of=arrays["of"].astype(np.int64),
            verse_ids=arrays["verse_ids"].astype(np.int64),
            gains=arrays["gains"].astype(np.float32),
        )


def _text(encoded: bytes) -> Any:
    return np.frombuffer(encoded, dtype=np.uint8)
