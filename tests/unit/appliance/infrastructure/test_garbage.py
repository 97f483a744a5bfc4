"""Long-lived objects are left out of garbage collections."""

import gc
import platform
import weakref
from collections.abc import Iterator

import psutil
import pytest

from appliance.infrastructure.garbage import give_back_freed_memory, leave_out_of_collections


class Node:
    """Part of a circle of references, which only a collection frees."""

    def __init__(self) -> None:
        self.other: Node | None = None


def circle() -> Node:
    first, second = Node(), Node()
    first.other, second.other = second, first
    return first


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    yield
    gc.unfreeze()


def test_what_is_kept_is_left_out_of_later_collections() -> None:
    kept = circle()
    leave_out_of_collections()

    assert not any(each is kept for each in gc.get_objects())


def test_what_nothing_refers_to_is_still_freed() -> None:
    kept = [Node()]
    freed = weakref.ref(kept[0])
    leave_out_of_collections()
    kept.clear()

    assert freed() is None


def test_circles_that_were_left_out_before_are_collected_too() -> None:
    kept = circle()
    freed = weakref.ref(kept)
    leave_out_of_collections()
    del kept
    gc.collect()
    assert freed() is not None
    leave_out_of_collections()

    assert freed() is None


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library gives memory back by itself")
def test_freed_memory_goes_back_to_the_system() -> None:
    blocks = [bytes(60_000) for _ in range(2_000)]
    kept = blocks[-1]
    del blocks
    before = psutil.Process().memory_info().rss
    give_back_freed_memory()

    assert before - psutil.Process().memory_info().rss > 50e6
    assert 60_000 == len(kept)
