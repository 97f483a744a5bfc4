"""Importing the embedded text again: an OSIS document of it in which some verses have changed, and the jobs that follow."""

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
from server.benchmarks.companion import MeasurementFailed
from server.benchmarks.footprint.appliance_process import Running
from server.bootstrap import LIBRARY_MIGRATIONS

# One verse of so many gets another end, so that its vector is made again.
CHANGED_EVERY = 20
CHANGE = "So it was told."
# An importer accepts no longer verse from a document.
LONGEST = 900
CHAPTER = 1_000
REBUILD_S = 1_800.0
SET_SOURCE = "UPDATE library_items SET source = ? WHERE id = ?"


class _Jobs(msgspec.Struct):
    jobs: list[JobView]


class _Health(msgspec.Struct):
    index: IndexState


def import_again(appliance: Running) -> None:
    """Import the changed text, and wait for the index, the graph and what else follows. Raises MeasurementFailed."""
    file = _write_changed(appliance.site.home, appliance.site.text)
    wish = {"kind": IMPORT.name, "location": str(file)}
    made = appliance.administrator.post("/api/v1/jobs", json=wish).raise_for_status()
    await_rebuilt(appliance, msgspec.json.decode(made.content, type=JobView).id)


def await_rebuilt(appliance: Running, first: int) -> None:
    """Wait until an import and all jobs after it are done. `first` is the import. Raises MeasurementFailed."""
    appliance.wait_for(
        lambda: _is_complete(appliance, first), "Import, index and graph were not done in time.", REBUILD_S
    )


def await_first_jobs(appliance: Running) -> None:
    """Wait until the jobs that a first start creates are done. Raises MeasurementFailed."""

    def are_done() -> bool:
        jobs = _jobs(appliance)
        return any(job.kind == CHECK.name for job in jobs) and not _active(jobs)

    appliance.wait_for(are_done, "The jobs of the first start did not end in time.", REBUILD_S)


def _is_complete(appliance: Running, first: int) -> bool:
    jobs = [job for job in _jobs(appliance) if job.id >= first]
    failed = next((job for job in jobs if job.state is State.FAILED), None)
    if failed:
        raise MeasurementFailed(f"{failed.title} failed.", remedy=failed.error or "`lampstand jobs list` says more.")
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


def _write_changed(home: Path, text: Translation) -> Path:
    """Write the document where jobs may read it; from now on the library knows the text as this document's."""
    folder = home / "texts"
    folder.mkdir(exist_ok=True)
    file = folder / f"{text.id}.osis"
    library = Database(home / "library.db", LIBRARY_MIGRATIONS)
    try:
        with file.open("w", encoding="utf-8") as document:
            document.writelines(document_of(text, changed(_verses(library, text))))
        with library.write() as work:
            work.execute(SET_SOURCE, (f"OSIS document {file.name}", text.id))
    finally:
        library.close()
    return file


def _verses(library: Database, text: Translation) -> Iterator[Verse]:
    for book in queries.books(library, text):
        for chapter in queries.chapters(library, text, book):
            yield from queries.chapter_verses(library, text, book, chapter)


def changed(verses: Iterable[Verse]) -> Iterator[Verse]:
    """The verses of a text, every twentieth with another end.

    An importer accepts no very long verse, and no gap within a chapter: long verses are cut, gaps are filled.
    """
    last = 0
    for number, verse in enumerate(verses):
        chapter = verse.verse_id // CHAPTER * CHAPTER
        yield from (Verse(missing, CHANGE) for missing in range(max(last, chapter) + 1, verse.verse_id))
        text = verse.text[:LONGEST]
        yield msgspec.structs.replace(verse, text=f"{text} {CHANGE}" if number % CHANGED_EVERY == 0 else text)
        last = verse.through or verse.verse_id


def document_of(text: Translation, verses: Iterable[Verse]) -> Iterator[str]:
    """An OSIS document of a text with its words' Strong's numbers, without notes and headings."""
    yield f"<osis><osisText osisIDWork={quoteattr(text.id)} xml:lang={quoteattr(text.language)}>"
    yield f"<header><work osisWork={quoteattr(text.id)}><title>{escape(text.name)}</title>"
    yield f"<rights>{escape(text.licence)}</rights><refSystem>Bible.{escape(text.versification)}</refSystem></work></header>\n"
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
