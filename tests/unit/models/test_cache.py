"""Vectors that are remembered, within bounds and over a restart."""

from pathlib import Path

import pytest

from models import cache as module
from models.cache import EmbeddingCache, normalise

VECTOR = bytes(1536)


def test_a_text_is_known_by_its_normalised_form() -> None:
    assert "caf\u00e9 and bread" == normalise("  cafe\u0301\tand \n bread ")


def test_what_was_put_is_known_after_a_restart_under_the_same_weights(tmp_path: Path) -> None:
    first = EmbeddingCache(tmp_path, 2**20)
    first.put("w", ["one", "two"], [b"1", b"2"])
    assert [b"1", None, b"2"] == first.get("w", ["one", "three", "two"])
    first.close()
    again = EmbeddingCache(tmp_path, 2**20)

    assert [b"1", b"2"] == again.get("w", ["one", "two"])
    assert [None] == again.get("other weights", ["one"])
    again.close()


def test_its_size_is_bounded_and_what_is_used_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MEMORY_ENTRIES", 1)
    capacity = 4 * 2**20
    cache = EmbeddingCache(tmp_path, capacity)
    for start in range(0, 8000, 100):
        texts = [f"text {number}" for number in range(start, start + 100)]
        cache.put("w", texts, [VECTOR] * 100)
        cache.flush()
        assert [VECTOR] == cache.get("w", ["text 0"])
        cache.flush()
    size = sum(file.stat().st_blocks * 512 for file in tmp_path.iterdir())

    assert len(cache) < 8000
    assert [None] == cache.get("w", ["text 101"])
    assert [VECTOR] == cache.get("w", ["text 0"])
    assert size <= 3 * capacity
    cache.close()


def test_a_disk_that_is_full_forgets_but_does_not_fail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MAP_FACTOR", 0)
    cache = EmbeddingCache(tmp_path, 2**30)
    texts = [f"text {number}" for number in range(2000)]
    cache.put("w", texts, [VECTOR] * 2000)

    assert [VECTOR] == cache.get("w", ["text 1999"])
    cache.close()


def test_damaged_pages_are_forgotten_not_fatal(tmp_path: Path) -> None:
    first = EmbeddingCache(tmp_path, 2**20)
    first.put("w", ["one"], [b"1"])
    first.close()
    (tmp_path / "data.mdb").write_bytes(b"\xff" * 8192)
    again = EmbeddingCache(tmp_path, 2**20)

    assert [None] == again.get("w", ["one"])
    again.put("w", ["one"], [b"1"])
    assert [b"1"] == again.get("w", ["one"])
    again.close()
