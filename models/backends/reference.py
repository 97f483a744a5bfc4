"""Reference vectors that torch computed for sentences of different lengths. A built ONNX graph is compared with them.

Record the vectors on a machine with torch (`packaging/run.sh --torch`). SOURCE is the folder of the weights:

    python -m models.backends.reference SOURCE
"""

import sys
from pathlib import Path

import msgspec
import numpy as np

from models.backends import LoadOptions
from models.backends.sentence_transformers import SentenceTransformersBackend
from models.files import sha256_of

FILE = Path(__file__).with_name("reference.npz")
SENTENCES = [
    "A lamp on a stand gives light to everyone in the house.",
    "Where is the nearest well?",
    "The sower went out to sow, and as he sowed, some seed fell along the road.",
    "Joy",
    "Do not be anxious about tomorrow.",
    "He built the tower of brick, and the men of the city watched him from the wall until the evening.",
    "What does it mean to forgive someone who is not sorry?",
    "Two hundred measures of barley, forty jars of oil, and a flock without blemish were sent before them.",
    "She said nothing, but she remembered all of it.",
    "The king's servants came to the river and found the boats gone, the nets cut, and the fire still warm.",
    "Peace to this house.",
    "If the rain comes late, the grain will be thin; if it comes early, the harvest will fail altogether.",
    "Who taught you to read the stars?",
    "An elder must be patient, not quarrelsome, not a lover of money, and gentle with those who are slow to learn.",
    "Morning came.",
    "They walked seven days through the desert without seeing smoke, sheep, or any other sign of people.",
]


class ReferenceVectors(msgspec.Struct, frozen=True, kw_only=True):
    """The SHA-256 of the weights, and one unit vector per sentence of `SENTENCES`: a float32 array, sentences × width."""

    weights_sha256: str
    vectors: np.ndarray


def read_reference(file: Path = FILE) -> ReferenceVectors:
    """Return the recorded vectors."""
    with np.load(file, allow_pickle=False) as recorded:
        vectors = recorded["vectors"].astype(np.float32)
        digest = str(recorded["weights_sha256"])
    return ReferenceVectors(weights_sha256=digest, vectors=vectors / np.linalg.norm(vectors, axis=1, keepdims=True))


def record_reference(source: Path, file: Path = FILE) -> None:
    """Compute the vectors with torch and write them as float16. Raises ModelUnavailable if torch is not installed."""
    embedded, _ = SentenceTransformersBackend(LoadOptions(path=str(source), threads=1)).embed(SENTENCES)
    vectors = np.stack([np.frombuffer(vector, "<f4") for vector in embedded]).astype(np.float16)
    np.savez_compressed(file, vectors=vectors, weights_sha256=np.array(sha256_of(source / "model.safetensors")))


if __name__ == "__main__":
    record_reference(Path(sys.argv[1]))
