"""Paths of the search index. They have a module of their own, so a command can check the files without loading numpy."""

from pathlib import Path

import msgspec


class IndexFiles(msgspec.Struct, frozen=True, kw_only=True):
    """Paths of the compiled index, and of the optional topic memory from imported votes."""

    compiled: Path
    topics: Path | None = None
