"""Permanent objects are excluded from garbage collection."""

import gc
import platform
import weakref
from collections.abc import Iterator

import psutil
import pytest

from appliance.infrastructure.garbage import give_back_freed_memory, leave_out_of_collections


class Node:
    """Part of a reference cycle, which only a garbage collection frees."""

    def __init__(self) -> None:
        self.other: Node | None = None


def reference_cycle() -> Node:
    first, second = Node(), Node()
    first.other, second.other = second, first
    return first


@pytest.fixture(autouse=True)
def _unfreeze_afterwards() -> Iterator[None]:
    yield
    gc.unfreeze()


def test_remaining_objects_are_excluded_from_later_collections() -> None:
    kept = reference_cycle()
    leave_out_of_collections()

    assert not any(tracked is kept for tracked in gc.get_objects())


def test_excluded_objects_are_freed_when_nothing_refers_to_them() -> None:
    kept = [Node()]
    freed = weakref.ref(kept[0])
    leave_out_of_collections()
    kept.clear()

    assert freed() is None


def test_excluded_cycles_are_collected_at_the_next_call() -> None:
    kept = reference_cycle()
    freed = weakref.ref(kept)
    leave_out_of_collections()
    del kept
    gc.collect()
    assert freed() is not None
    leave_out_of_collections()

    assert freed() is None


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries return memory automatically")
def test_freed_memory_is_returned_to_the_system() -> None:
    blocks = [bytes(60_000) for _ in range(2_000)]
    kept = blocks[-1]
    del blocks
    before = psutil.Process().memory_info().rss
    give_back_freed_memory()

    assert before - psutil.Process().memory_info().rss > 50e6
    assert 60_000 == len(kept)
