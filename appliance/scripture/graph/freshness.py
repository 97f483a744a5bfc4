"""Whether the graph is of the library as it is now: what it was built of is written beside it."""

from pathlib import Path

from appliance.infrastructure.database import Database
from appliance.scripture.library.queries import installed


def sources_of(database: Database) -> str:
    """Everything in the library that a graph is built of, a line each."""
    return "\n".join(f"{item.id} {item.digest}" for item in installed(database))


def note_sources(path: Path, sources: str) -> None:
    """Say what the graph at a path was built of."""
    _note(path).write_text(sources, encoding="utf-8")


def graph_is_stale(database: Database, path: Path) -> bool:
    """True where there is no graph at a path, or one of another library."""
    try:
        return not path.exists() or _note(path).read_text(encoding="utf-8") != sources_of(database)
    except FileNotFoundError:
        return True


def _note(path: Path) -> Path:
    return path.with_name(f"{path.name}.sources")
