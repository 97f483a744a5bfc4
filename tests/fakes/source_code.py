"""Facts about the source code of this repository."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple


class SourceFacts(NamedTuple):
    """The number of statements in a module, the names of the classes it defines, and the modules and names it imports."""

    statements: int
    classes: tuple[str, ...]
    imports: frozenset[str]


@cache
def source_facts(path: Path) -> SourceFacts:
    # Keep no tree: it has so many objects that later garbage collections take long.
    statements = list(_statements_in(ast.parse(path.read_text(encoding="utf-8"))))
    classes = tuple(statement.name for statement in statements if isinstance(statement, ast.ClassDef))
    return SourceFacts(len(statements), classes, frozenset(_imports(statements)))


def _imports(statements: list[ast.stmt]) -> Iterator[str]:
    for statement in statements:
        if isinstance(statement, ast.Import):
            yield from (alias.name for alias in statement.names)
        elif isinstance(statement, ast.ImportFrom) and statement.module:
            yield statement.module
            yield from (f"{statement.module}.{alias.name}" for alias in statement.names)


def _statements_in(node: ast.AST) -> Iterator[ast.stmt]:
    # Not `ast.walk`, which also visits all expressions.
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.stmt):
            yield child
        if not isinstance(child, ast.expr):
            yield from _statements_in(child)
