"""Import the translation that has vectors again, with some changed verses, and wait for the jobs that follow."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

import msgspec

from appliance.infrastructure.backup import CHECK
from appliance.infrastructure.database import Database
from appliance.infrastructure.jobs.job import JobView, State
from appliance.scripture.jobs import GRAPH, IMPORT
from appliance.scripture.search.index import IndexState
from appliance.scripture.translations import queries
from appliance.scripture.translations.translation import Translation
from appliance.scripture.translations.verse import Verse, Word
from server.benchmarks.footprint.appliance_process import Running
from server.benchmarks.helper_process import MeasurementFailed
from server.bootstrap import LIBRARY_MIGRATIONS

# Every twentieth verse gets another ending, so that the vector of the verse is computed again.
CHANGED_EVERY = 20
CHANGE = "So it was told."
# The importer rejects longer verses.
MAX_VERSE_CHARACTERS = 900
CHAPTER = 1_000
REBUILD_S = 1_800.0
SET_SOURCE = "UPDATE library_items SET source = ? WHERE id = ?"


class _Jobs(msgspec.Struct):
    jobs: list[JobView]


class _Health(msgspec.Struct):
    index: IndexState


def import_again(appliance: Running) -> None:
    """Import the changed translation. Wait for the index, the graph and the other later jobs. Raises MeasurementFailed."""
    file = _write_changed(appliance.site.home, appliance.site.translation)
    request = {"kind": IMPORT.name, "location": str(file)}
    answer = appliance.administrator.post("/api/v1/jobs", json=request).raise_for_status()
    await_rebuilt(appliance, msgspec.json.decode(answer.content, type=JobView).id)


def await_rebuilt(appliance: Running, import_id: int) -> None:
    """Wait until an import and all later jobs are done. `import_id` is the id of the import job. Raises MeasurementFailed."""
    appliance.wait_for(
        lambda: _is_complete(appliance, import_id),
        "The import, the index and the graph did not finish in time.",
        REBUILD_S,
    )


def await_first_jobs(appliance: Running) -> None:
    """Wait until the jobs of the first start are done. Raises MeasurementFailed."""

    def are_done() -> bool:
        jobs = _jobs(appliance)
        return any(job.kind == CHECK.name for job in jobs) and not _active(jobs)

    appliance.wait_for(are_done, "The jobs of the first start did not finish in time.", REBUILD_S)


def _is_complete(appliance: Running, import_id: int) -> bool:
    jobs = [job for job in _jobs(appliance) if job.id >= import_id]
    failed = next((job for job in jobs if job.state is State.FAILED), None)
    if failed:
        raise MeasurementFailed(
            f"{failed.title} failed.", remedy=failed.error or "`lampstand jobs list` shows details."
        )
    done = {job.kind for job in jobs if job.state is State.DONE}
    if _active(jobs) or not {IMPORT.name, GRAPH.name} <= done:
        return False
    health = appliance.guest.get("/api/v1/health").raise_for_status()
    return msgspec.json.decode(health.content, type=_Health).index.complete


def _jobs(appliance: Running) -> list[JobView]:
    answer = appliance.administrator.get("/api/v1/jobs").raise_for_status()
    return msgspec.json.decode(answer.content, type=_Jobs).jobs


def _active(jobs: list[JobView]) -> list[JobView]:
    return [job for job in jobs if job.state in (State.QUEUED, State.RUNNING)]


def _write_changed(home: Path, translation: Translation) -> Path:
    """Write the document to a folder that jobs can read, and set the document as the source of the translation."""
    folder = home / "texts"
    folder.mkdir(exist_ok=True)
    file = folder / f"{translation.id}.osis"
    library = Database(home / "library.db", LIBRARY_MIGRATIONS)
    try:
        with file.open("w", encoding="utf-8") as document:
            document.writelines(document_of(translation, changed(_verses(library, translation))))
        with library.write() as work:
            work.execute(SET_SOURCE, (f"OSIS document {file.name}", translation.id))
    finally:
        library.close()
    return file


def _verses(library: Database, translation: Translation) -> Iterator[Verse]:
    for book in queries.books(library, translation):
        for chapter in queries.chapters(library, translation, book):
            yield from queries.chapter_verses(library, translation, book, chapter)


def changed(verses: Iterable[Verse]) -> Iterator[Verse]:
    """Yield the verses of a translation, with another ending for every twentieth verse.

    The importer rejects very long verses and gaps in a chapter, so long verses are cut and gaps are filled.
    """
    last = 0
    for number, verse in enumerate(verses):
        chapter = verse.verse_id // CHAPTER * CHAPTER
        yield from (Verse(missing, CHANGE) for missing in range(max(last, chapter) + 1, verse.verse_id))
        text = verse.text[:MAX_VERSE_CHARACTERS]
        yield msgspec.structs.replace(verse, text=f"{text} {CHANGE}" if number % CHANGED_EVERY == 0 else text)
        last = verse.through or verse.verse_id


def document_of(translation: Translation, verses: Iterable[Verse]) -> Iterator[str]:
    """Yield an OSIS document of a translation with Strong's numbers, without notes and headings."""
    yield f"<osis><osisText osisIDWork={quoteattr(translation.id)} xml:lang={quoteattr(translation.language)}>"
    yield f"<header><work osisWork={quoteattr(translation.id)}><title>{escape(translation.name)}</title>"
    yield f"<rights>{escape(translation.licence)}</rights>"
    yield f"<refSystem>Bible.{escape(translation.versification)}</refSystem></work></header>\n"
    for verse in verses:
        last = msgspec.structs.replace(verse, verse_id=verse.through).osis if verse.through else ""
        yield f'<verse osisID="{f"{verse.osis} {last}".strip()}">{"".join(_marked(verse))}</verse>\n'
    yield "</osisText></osis>\n"


def _marked(verse: Verse) -> Iterator[str]:
    at = 0
    for word in verse.markup.words:
        if at <= word.start < word.end <= len(verse.text):
            yield escape(verse.text[at : word.start])
            yield f'<w lemma="{_lemma(word)}">{escape(verse.text[word.start : word.end])}</w>'
            at = word.end
    yield escape(verse.text[at:])


def _lemma(word: Word) -> str:
    return " ".join(f"strong:{number}" for number in word.strongs)
