"""A table of unit vectors: stored, replaced, deleted, and searched by similarity."""

import math
import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from appliance.infrastructure.database import Database
from appliance.infrastructure.vectors import VectorTable

TABLE = VectorTable("things", 2)
EAST, NORTH, WEST = 0, 90, 180


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database(tmp_path / "vectors.db", (TABLE.create,))
    opened.migrate()
    yield opened
    opened.close()


def unit_vector(degrees: float) -> bytes:
    return struct.pack("<2f", math.cos(math.radians(degrees)), math.sin(math.radians(degrees)))


def store(database: Database, *degrees: float) -> None:
    """Store a vector for each angle, with the ids 1, 2 and so on."""
    with database.write() as work:
        TABLE.replace(work, [(number, unit_vector(angle)) for number, angle in enumerate(degrees, 1)], present=())


def nearest(database: Database, degrees: float, k: int = 10) -> list[int]:
    return [row_id for row_id, _ in TABLE.nearest(database.reader, unit_vector(degrees), k)]


def test_an_empty_table_has_no_nearest_vectors(database: Database) -> None:
    assert [] == TABLE.nearest(database.reader, unit_vector(EAST), 5)
    assert [] == list(TABLE.each(database.reader))
    assert {} == TABLE.vectors_of(database.reader, [1, 2])


def test_the_nearest_vectors_are_best_first_with_their_cosine(database: Database) -> None:
    store(database, WEST, NORTH, EAST)
    neighbours = TABLE.nearest(database.reader, unit_vector(EAST), 3)

    assert [3, 2, 1] == [row_id for row_id, _ in neighbours]
    assert [1.0, 0.0, -1.0] == pytest.approx([cosine for _, cosine in neighbours], abs=1e-6)


@pytest.mark.parametrize(("k", "ids"), [(1, [1]), (2, [1, 2]), (9, [1, 2, 3])])
def test_at_most_k_vectors_are_returned(database: Database, k: int, ids: list[int]) -> None:
    store(database, 10, 20, 30)

    assert ids == nearest(database, 0, k)


def test_the_nearest_vectors_are_those_of_a_complete_comparison(database: Database) -> None:
    angles = np.random.default_rng(4).uniform(0, 360, 60)
    store(database, *angles)

    for query in (0.0, 77.0, 181.0, 300.0):
        away = np.abs((angles - query + 180) % 360 - 180)
        assert (np.argsort(away)[:7] + 1).tolist() == nearest(database, query, 7)


@pytest.mark.parametrize(
    ("first", "last", "ids"), [(1, 4, [1, 2, 3, 4]), (2, 3, [2, 3]), (4, 9, [4]), (5, 9, []), (3, 2, [])]
)
def test_a_search_may_be_limited_to_a_range_of_ids(database: Database, first: int, last: int, ids: list[int]) -> None:
    store(database, 10, 20, 30, 40)
    nearest_ids = TABLE.nearest_within(database.reader, unit_vector(0), 10, first, last)

    assert ids == [row_id for row_id, _ in nearest_ids]


def test_a_nearer_vector_outside_the_range_takes_no_place(database: Database) -> None:
    store(database, 10, 20, 30, 40)

    assert [3] == [row_id for row_id, _ in TABLE.nearest_within(database.reader, unit_vector(0), 1, 3, 4)]


def test_similarities_are_the_cosines_of_the_given_ids(database: Database) -> None:
    store(database, EAST, NORTH, WEST)
    cosines = dict(TABLE.similarities(database.reader, unit_vector(60), [3, 1, 99]))

    assert {1: pytest.approx(0.5, abs=1e-6), 3: pytest.approx(-0.5, abs=1e-6)} == cosines


def test_no_ids_have_no_similarities(database: Database) -> None:
    store(database, EAST)

    assert [] == TABLE.similarities(database.reader, unit_vector(EAST), [])


def test_vectors_are_returned_as_they_were_stored(database: Database) -> None:
    store(database, EAST, NORTH)

    assert {2: unit_vector(NORTH)} == TABLE.vectors_of(database.reader, [2, 99])
    assert [(1, unit_vector(EAST)), (2, unit_vector(NORTH))] == sorted(TABLE.each(database.reader))


def test_a_vector_of_a_present_id_is_replaced(database: Database) -> None:
    store(database, EAST, NORTH)
    with database.write() as work:
        TABLE.replace(work, [(2, unit_vector(WEST)), (3, unit_vector(EAST))], present=[2])

    assert {1: unit_vector(EAST), 2: unit_vector(WEST), 3: unit_vector(EAST)} == dict(TABLE.each(database.reader))


def test_a_deleted_vector_is_not_found(database: Database) -> None:
    store(database, EAST, NORTH, WEST)
    with database.write() as work:
        TABLE.delete(work, [1, 99])

    assert [2, 3] == nearest(database, EAST)


def test_clearing_removes_all_vectors_and_the_table_can_be_used_again(database: Database) -> None:
    store(database, EAST, NORTH)
    with database.write() as work:
        TABLE.clear(work)
    assert [] == nearest(database, EAST)

    store(database, WEST)
    assert [1] == nearest(database, EAST)


def test_compacting_keeps_the_other_vectors_and_frees_the_space_of_deleted_vectors(database: Database) -> None:
    large = VectorTable("large", 64)
    rows = [(number, struct.pack("<64f", number, *[0.0] * 63)) for number in range(1, 5001)]
    # The engine frees a block of vectors only if none is left in it.
    others = rows[::500]
    with database.write() as work:
        large.create(work)
        large.replace(work, rows, present=())
        large.delete(work, {number for number, _ in rows} - {number for number, _ in others})
    free_before = free_pages(database)
    with database.write() as work:
        large.compact(work)

    assert others == sorted(large.each(database.reader))
    assert free_pages(database) > free_before + 100


def free_pages(database: Database) -> int:
    return int(database.reader.value("PRAGMA freelist_count"))


def test_a_failed_unit_of_work_leaves_the_vectors_as_they_were(database: Database) -> None:
    store(database, EAST, NORTH)
    with pytest.raises(ZeroDivisionError), database.write() as work:
        TABLE.clear(work)
        raise ZeroDivisionError

    assert [1, 2] == nearest(database, EAST)
