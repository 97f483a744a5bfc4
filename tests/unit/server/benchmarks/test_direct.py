"""Embedding texts in batches with a directly called model."""

from server.benchmarks.direct import Batches, embed_batches


class Backend:
    passes = 2

    def __init__(self) -> None:
        self.batches: list[list[str]] = []

    def embed(self, texts: list[str]) -> tuple[list[bytes], int]:
        self.batches.append(texts)
        return [b""] * len(texts), 0


def test_every_text_is_embedded_once_in_batches_of_similar_length() -> None:
    backend = Backend()
    seconds = embed_batches(backend, Batches(["ccc", "a", "bb", "dddd", "e"], 2))

    assert [["a", "e"], ["bb", "ccc"], ["dddd"]] == sorted(backend.batches)
    assert seconds > 0
