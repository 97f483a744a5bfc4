"""Long-lived objects are left out of garbage collections."""

import gc
import weakref
from collections.abc import Iterator

import pytest

from appliance.infrastructure.garbage import leave_out_of_collections


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
