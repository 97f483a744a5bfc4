"""A table of unit vectors in sqlite-vec. Results are sorted by L2 distance; for unit vectors, cosine gives the same order."""

import json
from collections.abc import Iterable, Iterator, Sequence

from appliance.infrastructure.database import Reader, Row, UnitOfWork


class VectorTable:
    """Vectors of `dimensions` 32-bit floats, by integer id.

    Methods take and return vectors as little-endian float32 bytes. sqlite-vec stores this format.
    """

    def __init__(self, name: str, dimensions: int) -> None:
        self.name = name
        self.dimensions = dimensions
        self._create = f"CREATE VIRTUAL TABLE IF NOT EXISTS {name} USING vec0(id INTEGER PRIMARY KEY, embedding float[{dimensions}])"
        self._drop = f"DROP TABLE IF EXISTS {name}"
        self._delete = f"DELETE FROM {name} WHERE id = ?"
        self._insert = f"INSERT INTO {name} (id, embedding) VALUES (?, ?)"
        self._of = f"SELECT id, embedding FROM {name} WHERE id IN (SELECT value FROM json_each(?))"
        self._copy_to_temp = f"CREATE TEMP TABLE {name}_kept AS SELECT id, embedding FROM {name}"
        self._copy_back = f"INSERT INTO {name} (id, embedding) SELECT id, embedding FROM temp.{name}_kept"
        self._drop_temp = f"DROP TABLE temp.{name}_kept"
        self._all = f"SELECT id, embedding FROM {name}"
        self._nearest = f"SELECT id, distance FROM {name} WHERE embedding MATCH ? AND k = ? ORDER BY distance"

        self._distances = f"SELECT id, vec_distance_l2(embedding, :vector) FROM {name} WHERE id IN (SELECT value FROM json_each(:ids))"
        self._nearest_within = (
            f"SELECT id, distance FROM {name} WHERE embedding MATCH :vector AND k = :k "
            f"AND id IN (SELECT rowid FROM {name}_rowids WHERE rowid BETWEEN :first AND :last) ORDER BY distance"
        )

    def create(self, work: UnitOfWork) -> None:
        work.execute(self._create)

    def clear(self, work: UnitOfWork) -> None:
        """Empty the table by recreating it, because deleting rows in sqlite-vec does not free space."""
        work.execute(self._drop)
        self.create(work)

    def compact(self, work: UnitOfWork) -> None:
        """Free the space of deleted vectors by copying the remaining vectors to a new table."""
        work.execute(self._copy_to_temp)
        self.clear(work)
        work.execute(self._copy_back)
        work.execute(self._drop_temp)

    def replace(self, work: UnitOfWork, rows: Sequence[tuple[int, bytes]], *, present: Iterable[int]) -> None:
        """Store vectors. `present` has the ids that already have a row in the table."""
        work.execute_many(self._delete, [(row_id,) for row_id in present])
        work.execute_many(self._insert, rows)

    def delete(self, work: UnitOfWork, ids: Iterable[int]) -> None:
        work.execute_many(self._delete, [(row_id,) for row_id in ids])

    def each(self, reader: Reader) -> Iterator[tuple[int, bytes]]:
        """Yield all vectors with their ids, in no particular order."""
        return ((int(row_id), bytes(vector)) for row_id, vector in reader.each(self._all))

    def vectors_of(self, reader: Reader, ids: Iterable[int]) -> dict[int, bytes]:
        """Return the vectors of these ids. Ids without a vector are left out."""
        rows = reader.rows(self._of, (json.dumps(list(ids)),))
        return {int(row_id): bytes(vector) for row_id, vector in rows}

    def nearest(self, reader: Reader, vector: bytes, k: int) -> list[tuple[int, float]]:
        """Return the `k` nearest ids with their cosine similarity, best first."""
        return _similarities(reader.rows(self._nearest, (vector, k)))

    def nearest_within(self, reader: Reader, vector: bytes, k: int, first: int, last: int) -> list[tuple[int, float]]:
        """Return the `k` nearest ids between `first` and `last` with their cosine similarity, best first."""
        parameters = {"vector": vector, "k": k, "first": first, "last": last}
        return _similarities(reader.rows(self._nearest_within, parameters))

    def similarities(self, reader: Reader, vector: bytes, ids: Sequence[int]) -> list[tuple[int, float]]:
        """Return the cosine similarities of these ids, in no particular order. Ids without a vector are left out."""
        return _similarities(reader.rows(self._distances, {"vector": vector, "ids": json.dumps(list(ids))}))


def _similarities(rows: list[Row]) -> list[tuple[int, float]]:
    """Compute the cosine of unit vectors from their L2 distance."""
    return [(int(row_id), 1.0 - float(distance) ** 2 / 2.0) for row_id, distance in rows]
