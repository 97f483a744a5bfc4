"""Regression trees that are all evaluated together.

Each tree has at most 16 leaves, numbered from left to right. If the test of a node fails, the leaves on the node's left side
are excluded. The result is the first leaf that no node excludes (Lucchese et al., "QuickScorer: a fast algorithm to rank
documents with additive ensembles of regression trees", SIGIR 2015). A column's value excludes leaves in all trees. These
leaves depend only on how many thresholds of the column are below the value, so they are stored in a table.
"""

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from appliance.infrastructure.arrays import Floats, Integers

MAX_LEAVES = 16
ALL_LEAVES = np.uint16(2**MAX_LEAVES - 1)
# For each 16-bit number, the index of the lowest bit that is set, or 0 if no bit is set.
_FIRST_LEAF = (np.frexp(np.arange(2**MAX_LEAVES) & -np.arange(2**MAX_LEAVES))[1] - 1).clip(0).astype(np.int8)


class Forest(msgspec.Struct, frozen=True):
    """Trees whose results are added up. Arrays have one row per tree. Rows are padded with nodes that exclude no leaf.

    `columns`, `thresholds` and `masks` have the shape (trees, nodes). `values` has the shape (trees, leaves).
    """

    columns: NDArray[np.int64]
    thresholds: Floats
    masks: NDArray[np.uint16]
    values: Floats

    def tables(self) -> "ForestTables":
        """Return the tables with which the forest is evaluated."""
        return ForestTables([self._table_of(column) for column in np.unique(self.columns).tolist()], self.values)

    def _table_of(self, column: int) -> "ColumnTable":
        trees, nodes = np.nonzero((self.columns == column) & np.isfinite(self.thresholds))
        thresholds, threshold_of = np.unique(self.thresholds[trees, nodes], return_inverse=True)
        remaining = np.full((len(thresholds) + 1, len(self.values)), ALL_LEAVES)
        for tree, node, number in zip(trees.tolist(), nodes.tolist(), threshold_of.tolist(), strict=True):
            remaining[number + 1 :, tree] &= self.masks[tree, node]
        return ColumnTable(column, thresholds, remaining)


class ColumnTable(msgspec.Struct, frozen=True):
    """The sorted thresholds of a column. For a value above `n` thresholds, each tree has the leaves `remaining_above[n]`."""

    column: int
    thresholds: Floats
    remaining_above: Integers


class ForestTables(msgspec.Struct, frozen=True):
    """A forest in the form in which it is evaluated."""

    columns: list[ColumnTable]
    values: Floats

    def score(self, table: Floats) -> Floats:
        """Return the score of each row of features. A higher score is better. No feature may be missing (NaN)."""
        remaining = np.full((len(table), len(self.values)), ALL_LEAVES)
        for column_table in self.columns:
            values = table[:, column_table.column]
            remaining &= column_table.remaining_above.take(np.searchsorted(column_table.thresholds, values), axis=0)
        first_leaves = np.arange(len(self.values)) * self.values.shape[1]
        scores: Floats = self.values.ravel().take(_FIRST_LEAF.take(remaining) + first_leaves).sum(axis=1)
        return scores


def forest_of(dumped: Sequence[dict[str, Any]]) -> Forest:
    """Convert LightGBM's `dump_model()["tree_info"]`. Only numerical features without missing values are supported."""
    trees = [_nodes(tree["tree_structure"], 0) for tree in dumped]
    max_nodes = max(max((len(nodes) for nodes, _ in trees), default=1), 1)
    max_leaves = max(len(leaves) for _, leaves in trees)
    columns = np.zeros((len(trees), max_nodes), dtype=np.int64)
    thresholds = np.full((len(trees), max_nodes), np.inf, dtype=np.float32)
    masks = np.full((len(trees), max_nodes), ALL_LEAVES)
    values = np.zeros((len(trees), max_leaves), dtype=np.float32)
    for number, (nodes, leaves) in enumerate(trees):
        for position, (column, threshold, first_leaf, count) in enumerate(nodes):
            columns[number, position] = column
            thresholds[number, position] = _round_down(threshold)
            masks[number, position] = ALL_LEAVES ^ np.uint16(((1 << count) - 1) << first_leaf)
        values[number, : len(leaves)] = leaves
    return Forest(columns, thresholds, masks, values)


def _nodes(node: dict[str, Any], first_leaf: int) -> tuple[list[tuple[int, float, int, int]], list[float]]:
    """Return each node as (column, threshold, first leaf on the left side, number of leaves there), and the leaves' values."""
    if "leaf_value" in node:
        return [], [node["leaf_value"]]
    left_nodes, left_leaves = _nodes(node["left_child"], first_leaf)
    right_nodes, right_leaves = _nodes(node["right_child"], first_leaf + len(left_leaves))
    own = (node["split_feature"], node["threshold"], first_leaf, len(left_leaves))
    return [own, *left_nodes, *right_nodes], left_leaves + right_leaves


def _round_down(threshold: float) -> np.float32:
    """Return the largest 32-bit number that is not above a threshold, so that trees split 32-bit features in the same way."""
    rounded = np.float32(threshold)
    return rounded if float(rounded) <= threshold else np.nextafter(rounded, np.float32(-np.inf))
