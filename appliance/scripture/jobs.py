"""The jobs of scripture. They are plain functions that report their progress and can be run again."""

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Protocol

import msgspec

from appliance.errors import Refused
from appliance.infrastructure.database import Database
from appliance.infrastructure.jobs.context import JobContext
from appliance.infrastructure.jobs.kind import JobKind, NoArguments
from appliance.infrastructure.paths import DataFolder
from appliance.infrastructure.settings import Settings
from appliance.scripture.search.ports import Embedder

if TYPE_CHECKING:
    from appliance.scripture.search.ranking.index_files import IndexFiles

# The prefix of a location that names a translation in the Python package pythonbible.
PYTHONBIBLE = "pythonbible:"


class LocationNotText(Refused):
    """A file or folder has a name that is not UTF-8."""


class LibraryJobParts(Protocol):
    """The parts of the appliance that these jobs need."""

    @property
    def library(self) -> Database: ...
    @property
    def folder(self) -> DataFolder: ...
    @property
    def settings(self) -> Settings: ...
    @property
    def index_embedder(self) -> Embedder: ...
    @property
    def index_files(self) -> "IndexFiles": ...


class ImportArguments(msgspec.Struct, frozen=True, kw_only=True):
    """The location to import from, and the ids of the items to import. Without ids, everything at the location is imported."""

    location: Annotated[str, msgspec.Meta(max_length=4096)]
    only: list[str] = []


def _prepare_import(arguments: ImportArguments) -> ImportArguments:
    """Make the path absolute and sort the ids.

    Raises LocationNotText if a name is not UTF-8, because jobs are stored as UTF-8.
    """
    location = arguments.location
    if any(0xD800 <= ord(character) <= 0xDFFF for character in location):
        raise LocationNotText(
            "The name of the file or folder is not UTF-8.", remedy="Rename the file or folder, then try again."
        )
    if not location.startswith(PYTHONBIBLE):
        # The worker runs in another folder. Links are not replaced by their targets, so error messages show the user's path.
        location = os.path.abspath(os.path.expanduser(location))  # noqa: PTH100, PTH111 - links must stay
    return ImportArguments(location=location, only=sorted(arguments.only))


def _import_title(arguments: ImportArguments) -> str:
    name = arguments.location
    return f"Import {', '.join(arguments.only) or (name if name.startswith(PYTHONBIBLE) else Path(name).name)}"


def import_library(context: JobContext, arguments: ImportArguments, parts: LibraryJobParts) -> str:
    """Import everything at `location`, or only the items with the ids in `only`."""
    from appliance.scripture import operations
    from appliance.scripture.importers.detect import open_sources

    database, location = parts.library, arguments.location
    lines: list[str] = []
    report_opening = partial(context.report, 0.0, f"opening {location}")
    report_opening(now=True)
    with open_sources(
        location, only=frozenset(arguments.only), scratch_in=context.folder, on_file=report_opening
    ) as sources:
        for number, source in enumerate(sources):

            def progress(share: float, message: str, number: int = number, count: int = len(sources)) -> None:
                context.report((number + share) / count, message)

            result = operations.import_source(database, source, on_progress=progress)
            lines.append(f"{result.id}: {result.entries:,} {'imported' if result.changed else 'unchanged'}")
    database.empty_log()
    return "; ".join(lines)


def build_library_graph(context: JobContext, _arguments: NoArguments, parts: LibraryJobParts) -> str:
    """Rebuild the graph from the library, and replace the old graph."""
    from appliance.infrastructure.graph.kuzu_engine import build_graph
    from appliance.scripture.graph.freshness import note_sources, sources_of
    from appliance.scripture.graph.tables import contents

    database, path = parts.library, parts.folder.graph
    sources = sources_of(database)
    count = build_graph(path, contents(database), context.report)
    note_sources(path, sources)
    return f"{count:,} nodes and relations"


def index_library(context: JobContext, _arguments: NoArguments, parts: LibraryJobParts) -> str:
    """Compute the vectors of the verses and headings that have no vector yet."""
    from appliance.scripture.search.index import build_index, embed_headings

    database, embedder = parts.library, parts.index_embedder
    started = False

    def progress(done: int, total: int) -> None:
        nonlocal started
        share = done / total if total else 1.0
        context.report(share, f"{done:,} of {total:,} verses", now=not started)
        if not started:
            context.restart_clock(share)
            started = True

    context.report(0.0, "starting the embedding model", now=True)
    verses = build_index(database, embedder, parts.settings.embedded_translation, progress)
    headings = embed_headings(
        database, embedder, lambda done, total: context.report(1.0, f"{done:,} of {total:,} topic headings")
    )
    database.empty_log()
    counts = [f"{verses:,} verses" if verses else "", f"{headings:,} topic headings" if headings else ""]
    return f"{' and '.join(filter(None, counts))} embedded" if verses or headings else "nothing new to embed"


def compile_search(context: JobContext, _arguments: NoArguments, parts: LibraryJobParts) -> str:
    """Compile the files that searches read. Searches use the old files until the new files are complete."""
    from appliance.scripture.search.ranking.compiled import compile_index, index_is_stale, library_state
    from appliance.scripture.suggestions import compile_suggestions, suggestions_are_stale

    database, files, suggestions = parts.library, parts.index_files, parts.folder.suggestions
    settings = parts.settings
    results: list[str] = []
    if suggestions_are_stale(database, suggestions):
        context.report(0.0, "compiling suggestions", now=True)
        results.append(f"{len(compile_suggestions(database, suggestions).table.texts):,} suggestions")
    state = library_state(database, settings.embedded_translation, settings.embedding_model, files)
    if index_is_stale(state, files):
        context.report(0.1, "compiling the search index", now=True)
        index = compile_index(database, state, files)
        results.append(
            f"{index.ranker.knowledge.size:,} verses" if index else "no index: the ranking model is not compatible"
        )
    return f"compiled: {', '.join(results)}" if results else "nothing new to compile"


def build_topic_memory(context: JobContext, _arguments: NoArguments, parts: LibraryJobParts) -> str:
    """Build the topic memory: the topics that people voted on, with their vectors. Ranking uses this memory."""
    from appliance.scripture.search.ranking.imported_topics import rebuild_memory

    context.report(0.0, "embedding topics", now=True)
    count = rebuild_memory(
        parts.library,
        parts.index_embedder,
        parts.folder.topic_memory,
        lambda done, total: context.report(done / total, f"{done:,} of {total:,} topics"),
    )
    return f"{count:,} topics in the topic memory"


IMPORT = JobKind(
    "import",
    import_library,
    title=_import_title,
    arguments=ImportArguments,
    prepare=_prepare_import,
    heavy=True,
    on_request=True,
    changes_library=True,
)
INDEX = JobKind(
    "index", index_library, title="Prepare search by meaning", heavy=True, on_request=True, changes_library=True
)
GRAPH = JobKind("graph", build_library_graph, title="Build the graph", heavy=True, on_request=True)
MEMORY = JobKind(
    "memory", build_topic_memory, title="Build the topic memory", short=True, heavy=True, changes_library=True
)
COMPILE = JobKind(
    "compile", compile_search, title="Compile the search index", short=True, heavy=True, changes_library=True
)
KINDS: tuple[JobKind[Any, LibraryJobParts], ...] = (IMPORT, INDEX, GRAPH, MEMORY, COMPILE)
