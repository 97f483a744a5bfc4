"""Regression trees, evaluated all at once.

Each tree has at most 16 leaves, numbered from left to right. A node whose test fails rules out the leaves of its left side;
the first leaf that no node rules out is the one that is reached: Lucchese et al., "QuickScorer: a fast algorithm to rank
documents with additive ensembles of regression trees", SIGIR 2015. What a column's value rules out in every tree depends only
on which of the column's thresholds it is above: that is tabled.
"""

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from appliance.infrastructure.arrays import Floats, Integers

MAX_LEAVES = 16
ALL_LEAVES = np.uint16(2**MAX_LEAVES - 1)
# The lowest bit of each number of 16 bits, 0 for none.
_FIRST_LEAF = (np.frexp(np.arange(2**MAX_LEAVES) & -np.arange(2**MAX_LEAVES))[1] - 1).clip(0).astype(np.int8)


class Forest(msgspec.Struct, frozen=True):
    """The sum of trees. Arrays have one row per tree; rows are padded with nodes that exclude no leaf.

    Columns, thresholds and masks are of shape (trees, nodes), values of leaves of shape (trees, leaves).
    """

    columns: NDArray[np.int64]
    thresholds: Floats
    masks: NDArray[np.uint16]
    values: Floats

    def tables(self) -> "ForestTables":
        """What scores."""
        return ForestTables([self._table_of(column) for column in np.unique(self.columns).tolist()], self.values)

    def _table_of(self, column: int) -> "ColumnTable":
        trees, nodes = np.nonzero((self.columns == column) & np.isfinite(self.thresholds))
        thresholds, above = np.unique(self.thresholds[trees, nodes], return_inverse=True)
        left = np.full((len(thresholds) + 1, len(self.values)), ALL_LEAVES)
        for tree, node, place in zip(trees.tolist(), nodes.tolist(), above.tolist(), strict=True):
            left[place + 1 :, tree] &= self.masks[tree, node]
        return ColumnTable(column, thresholds, left)


class ColumnTable(msgspec.Struct, frozen=True):
    """The thresholds of a column in order, and by how many of them a value is above, what leaves it leaves to each tree."""

    column: int
    thresholds: Floats
    left_above: Integers


class ForestTables(msgspec.Struct, frozen=True):
    """A forest as it is evaluated."""

    columns: list[ColumnTable]
    values: Floats

    def score(self, table: Floats) -> Floats:
        """A number for each row of features, of which none is missing (NaN); more is better."""
        left = np.full((len(table), len(self.values)), ALL_LEAVES)
        for each in self.columns:
            left &= each.left_above.take(np.searchsorted(each.thresholds, table[:, each.column]), axis=0)
        first_leaves = np.arange(len(self.values)) * self.values.shape[1]
        scores: Floats = self.values.ravel().take(_FIRST_LEAF.take(left) + first_leaves).sum(axis=1)
        return scores


def forest_of(dumped: Sequence[dict[str, Any]]) -> Forest:
    """The forest of LightGBM's `dump_model()["tree_info"]`: numerical features, nothing missing."""
    trees = [_nodes(tree["tree_structure"], 0) for tree in dumped]
    most_nodes = max(max((len(nodes) for nodes, _ in trees), default=1), 1)
    most_leaves = max(len(leaves) for _, leaves in trees)
    columns = np.zeros((len(trees), most_nodes), dtype=np.int64)
    thresholds = np.full((len(trees), most_nodes), np.inf, dtype=np.float32)
    masks = np.full((len(trees), most_nodes), ALL_LEAVES)
    values = np.zeros((len(trees), most_leaves), dtype=np.float32)
    for number, (nodes, leaves) in enumerate(trees):
        for place, (column, threshold, first, count) in enumerate(nodes):
            columns[number, place] = column
            thresholds[number, place] = _not_above(threshold)
            masks[number, place] = ALL_LEAVES ^ np.uint16(((1 << count) - 1) << first)
        values[number, : len(leaves)] = leaves
    return Forest(columns, thresholds, masks, values)


def _nodes(node: dict[str, Any], first: int) -> tuple[list[tuple[int, float, int, int]], list[float]]:
    """(column, threshold, first leaf of the left side, leaves of the left side) of each node, and the values of leaves."""
    if "leaf_value" in node:
        return [], [node["leaf_value"]]
    left_nodes, left_leaves = _nodes(node["left_child"], first)
    right_nodes, right_leaves = _nodes(node["right_child"], first + len(left_leaves))
    own = (node["split_feature"], node["threshold"], first, len(left_leaves))
    return [own, *left_nodes, *right_nodes], left_leaves + right_leaves


def _not_above(threshold: float) -> np.float32:
    """The largest 32-bit number that is not above a threshold, so that features of 32 bits are told apart as before."""
    near = np.float32(threshold)
    return near if float(near) <= threshold else np.nextafter(near, np.float32(-np.inf))
