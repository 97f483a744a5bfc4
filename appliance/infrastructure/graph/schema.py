"""The schema of a graph: tables of nodes and of relations."""

from collections.abc import Callable, Iterable, Sequence

import msgspec

Row = Sequence[object]


class NodeTable(msgspec.Struct, frozen=True):
    """Nodes with one label. The first column is the key of the nodes. Types are Kuzu's types: `INT64`, `STRING`, `DOUBLE`."""

    name: str
    columns: dict[str, str]


class RelationTable(msgspec.Struct, frozen=True):
    """Relations from nodes with one label to nodes with one or several labels. Rows begin with the keys of both nodes."""

    name: str
    source: str
    target: str
    columns: dict[str, str] = {}
    other_targets: tuple[str, ...] = ()

    @property
    def targets(self) -> tuple[str, ...]:
        return (self.target, *self.other_targets)


class Content(msgspec.Struct, frozen=True):
    """A table and a function that yields its rows. If relations lead to several labels, `target` selects one label."""

    table: NodeTable | RelationTable
    rows: Callable[[], Iterable[Row]]
    target: str = ""
