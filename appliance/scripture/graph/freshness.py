"""Checks whether the graph was built from the current library. A file next to the graph lists the items in the graph."""

from pathlib import Path

from appliance.infrastructure.database import Database
from appliance.scripture.library.queries import installed


def sources_of(database: Database) -> str:
    """Return the library items that a graph is built from, one item per line."""
    return "\n".join(f"{item.id} {item.digest}" for item in installed(database))


def note_sources(path: Path, sources: str) -> None:
    """Write the file next to a graph that lists the library items in the graph."""
    _note(path).write_text(sources, encoding="utf-8")


def graph_is_stale(database: Database, path: Path) -> bool:
    """Return True if there is no graph at a path, or if the graph was built from another state of the library."""
    try:
        return not path.exists() or _note(path).read_text(encoding="utf-8") != sources_of(database)
    except FileNotFoundError:
        return True


def _note(path: Path) -> Path:
    return path.with_name(f"{path.name}.sources")
