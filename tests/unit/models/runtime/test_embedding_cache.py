"""The embedding cache: limited in size, and kept across restarts."""

from pathlib import Path

import pytest

from models.runtime import embedding_cache as module
from models.runtime.embedding_cache import EmbeddingCache, normalise

VECTOR = bytes(1536)


def test_a_text_is_found_by_its_normalised_form() -> None:
    assert "caf\u00e9 and bread" == normalise("  cafe\u0301\tand \n bread ")


def test_vectors_are_found_after_a_restart_for_the_same_weights(tmp_path: Path) -> None:
    first = EmbeddingCache(tmp_path, 2**20)
    first.put("w", ["one", "two"], [b"1", b"2"])
    assert [b"1", None, b"2"] == first.get("w", ["one", "three", "two"])
    first.close()
    again = EmbeddingCache(tmp_path, 2**20)

    assert [b"1", b"2"] == again.get("w", ["one", "two"])
    assert [None] == again.get("other weights", ["one"])
    again.close()


def test_the_size_is_limited_and_used_vectors_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MEMORY_ENTRIES", 1)
    capacity = 4 * 2**20
    cache = EmbeddingCache(tmp_path, capacity)
    for start in range(0, 8000, 100):
        texts = [f"text {number}" for number in range(start, start + 100)]
        cache.put("w", texts, [VECTOR] * 100)
        cache.flush()
        assert [VECTOR] == cache.get("w", ["text 0"])
        cache.flush()

    assert 0 < len(cache) < 8000
    assert [None] == cache.get("w", ["text 101"])
    assert [VECTOR] == cache.get("w", ["text 0"])
    assert (tmp_path / "data.mdb").stat().st_size <= capacity
    cache.close()


def test_a_file_larger_than_the_capacity_is_replaced_and_a_smaller_one_is_kept(tmp_path: Path) -> None:
    texts = [f"text {number}" for number in range(6000)]
    larger = EmbeddingCache(tmp_path, 64 * 2**20)
    larger.put("w", texts, [VECTOR] * 6000)
    larger.close()
    same_size = EmbeddingCache(tmp_path, 32 * 2**20)
    assert [VECTOR] == same_size.get("w", ["text 5999"])
    same_size.close()
    capacity = 4 * 2**20
    smaller = EmbeddingCache(tmp_path, capacity)

    assert 0 == len(smaller)
    smaller.put("w", texts, [VECTOR] * 6000)
    smaller.flush()
    assert 0 < len(smaller) < 6000
    assert (tmp_path / "data.mdb").stat().st_size <= capacity
    smaller.close()


def test_a_small_file_that_was_created_with_a_larger_capacity_keeps_the_new_capacity(tmp_path: Path) -> None:
    larger = EmbeddingCache(tmp_path, 64 * 2**20)
    larger.put("w", ["one"], [VECTOR])
    larger.close()
    capacity = 4 * 2**20
    smaller = EmbeddingCache(tmp_path, capacity)
    smaller.put("w", [f"text {number}" for number in range(6000)], [VECTOR] * 6000)
    smaller.flush()

    assert (tmp_path / "data.mdb").stat().st_size <= capacity
    smaller.close()


def test_reading_without_remember_does_not_count_as_a_use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MEMORY_ENTRIES", 2)
    cache = EmbeddingCache(tmp_path, 4 * 2**20)
    cache.put("w", ["old", "middle", "new"], [b"1", b"2", b"3"])
    cache.flush()

    assert [b"1", b"2"] == cache.get("w", ["old", "middle"], remember=False)
    cache.put("w", ["newest"], [b"4"])
    assert [b"3", b"4"] == list(cache._recent.values())
    cache.close()


def test_a_full_disk_loses_vectors_without_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_GENERATION_SHARE", 2.0)
    cache = EmbeddingCache(tmp_path, 2**20)
    texts = [f"text {number}" for number in range(2000)]
    cache.put("w", texts, [VECTOR] * 2000)
    cache.flush()

    assert [VECTOR] == cache.get("w", ["text 1999"])
    cache.close()


def test_a_damaged_file_is_replaced_without_an_error(tmp_path: Path) -> None:
    first = EmbeddingCache(tmp_path, 2**20)
    first.put("w", ["one"], [b"1"])
    first.close()
    (tmp_path / "data.mdb").write_bytes(b"\xff" * 8192)
    again = EmbeddingCache(tmp_path, 2**20)

    assert [None] == again.get("w", ["one"])
    again.put("w", ["one"], [b"1"])
    assert [b"1"] == again.get("w", ["one"])
    again.close()
