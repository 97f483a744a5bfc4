"""The long work of scripture, as jobs: plain functions that say how far they are and can be run again."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from appliance.infrastructure.database import Database
from appliance.infrastructure.jobs.kind import JobKind
from appliance.infrastructure.jobs.runner import JobContext
from appliance.scripture.search.ports import Embedder

if TYPE_CHECKING:
    from appliance.scripture.search.ranking.compiled import IndexFiles

IMPORT = JobKind(name="import", heavy=True)
INDEX = JobKind(name="index", heavy=True)
GRAPH = JobKind(name="graph", heavy=True)
MEMORY = JobKind(name="memory", short=True, heavy=True)
COMPILE = JobKind(name="compile", short=True, heavy=True)
# What is done when the library has changed may make other work necessary.
CHANGING = frozenset({IMPORT.name, INDEX.name, MEMORY.name, COMPILE.name})


def import_library(context: JobContext, arguments: Mapping[str, Any], *, database: Database) -> str:
    """Import everything at `location`, or the ids in `only`."""
    from appliance.scripture import operations
    from appliance.scripture.importers.detect import open_sources

    location, only = str(arguments["location"]), frozenset(arguments.get("only") or ())
    lines: list[str] = []
    opening = partial(context.report, 0.0, f"opening {location}")
    opening(now=True)
    with open_sources(location, only=only, scratch_in=context.folder, on_file=opening) as sources:
        for number, source in enumerate(sources):

            def progress(share: float, message: str, number: int = number, count: int = len(sources)) -> None:
                context.report((number + share) / count, message)

            result = operations.import_source(database, source, on_progress=progress)
            lines.append(f"{result.id}: {result.entries:,} {'imported' if result.changed else 'unchanged'}")
    database.empty_log()
    return "; ".join(lines)


def build_library_graph(context: JobContext, _arguments: Mapping[str, Any], *, database: Database, path: Path) -> str:
    """Build the graph anew from what the library holds now, and put it in the place of the older one."""
    from appliance.infrastructure.graph.kuzu_engine import build_graph
    from appliance.scripture.graph.freshness import note_sources, sources_of
    from appliance.scripture.graph.tables import contents

    sources = sources_of(database)
    count = build_graph(path, contents(database), context.report)
    note_sources(path, sources)
    return f"{count:,} nodes and relations"


def index_library(
    context: JobContext,
    _arguments: Mapping[str, Any],
    *,
    database: Database,
    embedder: Embedder,
    preferred: str,
) -> str:
    """Embed the verses that have no vector yet."""
    from appliance.scripture.search.index import build_index, embed_headings

    started = False

    def progress(done: int, total: int) -> None:
        nonlocal started
        share = done / total if total else 1.0
        context.report(share, f"{done:,} of {total:,} verses", now=not started)
        if not started:
            context.restart_clock(share)
            started = True

    context.report(0.0, "starting the embedding model", now=True)
    count = build_index(database, embedder, preferred, progress)
    headings = embed_headings(
        database, embedder, lambda done, total: context.report(1.0, f"{done:,} of {total:,} headings of topics")
    )
    database.empty_log()
    done = [f"{count:,} verses" if count else "", f"{headings:,} headings of topics" if headings else ""]
    return f"{' and '.join(filter(None, done))} embedded" if count or headings else "nothing new to embed"


def compile_search(
    context: JobContext,
    _arguments: Mapping[str, Any],
    *,
    database: Database,
    preferred: str,
    model: str,
    files: "IndexFiles",
    suggestions: Path,
) -> str:
    """Compile what a search reads. What was compiled before serves until the new one is published."""
    from appliance.scripture.search.ranking.compiled import compile_index, index_is_stale, library_state
    from appliance.scripture.suggestions import compile_suggestions, suggestions_are_stale

    done: list[str] = []
    if suggestions_are_stale(database, suggestions):
        context.report(0.0, "compiling suggestions", now=True)
        done.append(f"{len(compile_suggestions(database, suggestions).table.texts):,} suggestions")
    state = library_state(database, preferred, model, files)
    if index_is_stale(state, files):
        context.report(0.1, "compiling the search index", now=True)
        index = compile_index(database, state, files)
        done.append(f"{index.ranking.knowledge.size:,} verses" if index else "no index: the ranking model does not fit")
    return f"compiled: {', '.join(done)}" if done else "nothing new to compile"


def remember_topics(
    context: JobContext, _arguments: Mapping[str, Any], *, database: Database, embedder: Embedder, path: Path
) -> str:
    """Keep the topics that people voted on, with their vectors, for the ranking to remember."""
    from appliance.scripture.search.ranking.imported_topics import rebuild_memory

    context.report(0.0, "embedding topics", now=True)
    count = rebuild_memory(
        database, embedder, path, lambda done, total: context.report(done / total, f"{done:,} of {total:,} topics")
    )
    return f"{count:,} topics remembered"
