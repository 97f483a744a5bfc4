"""From a question to the passages that an answer may rest on."""

import msgspec

from appliance.infrastructure.database import Database
from appliance.scripture.canon import CHAPTER_FACTOR
from appliance.scripture.dictionaries import queries as dictionaries
from appliance.scripture.references import PassageNotFound, Reference
from appliance.scripture.search.hits import Mode, Search
from appliance.scripture.search.named import named_reference
from appliance.scripture.search.service import Finder
from appliance.scripture.search.wording import subject_of
from appliance.scripture.translations import queries
from appliance.scripture.translations.translation import Translation
from appliance.study.answer import Source

HITS = 16
MAX_SOURCES = 8
# Verses before and after a hit that are read with it, and the most that one passage grows to.
NEIGHBOURS = 1
MAX_PASSAGE = 10


class Retrieved(msgspec.Struct, frozen=True):
    """The sources, best first, and what a reader should know of how they were found."""

    sources: tuple[Source, ...]
    notice: str | None


class _Window(msgspec.Struct):
    first: int
    last: int


def retrieve(database: Database, finder: Finder, question: str, translation: Translation) -> Retrieved:
    """The best passages for a question, each a run of verses with its neighbours. Raises as `Finder.search` does."""
    named = named_reference(question)
    search = Search(query=subject_of(question), mode=Mode.HYBRID, translation=translation, limit=HITS)
    results = finder.search(search)
    windows: list[_Window] = []
    for hit in results.hits:
        if named and named.start <= hit.verse_id <= named.end:
            continue
        _widen(windows, hit.verse_id)
    references = [Reference(window.first, window.last) for window in windows]
    if named:
        references.insert(0, named)
    sources = (
        _source(database, number, each, translation) for number, each in enumerate(references[:MAX_SOURCES], start=1)
    )
    return Retrieved(tuple(source for source in sources if source), results.notice)


def _widen(windows: list[_Window], verse_id: int) -> None:
    """Add a hit to the window it touches, or open a new one."""
    chapter = verse_id // CHAPTER_FACTOR * CHAPTER_FACTOR
    first, last = max(verse_id - NEIGHBOURS, chapter + 1), verse_id + NEIGHBOURS
    for window in windows:
        same_chapter = window.first // CHAPTER_FACTOR == verse_id // CHAPTER_FACTOR
        if same_chapter and first <= window.last + 1 and last >= window.first - 1:
            wider = _Window(min(window.first, first), max(window.last, last))
            if wider.last - wider.first < MAX_PASSAGE:
                window.first, window.last = wider.first, wider.last
            return
    windows.append(_Window(first, last))


def _source(database: Database, number: int, reference: Reference, translation: Translation) -> Source | None:
    try:
        found = queries.passage(database, reference, [translation])
    except (queries.PassageTooLong, PassageNotFound):
        return None
    verses = [verse.verses[translation.id] for verse in found]
    actual = Reference(verses[0].verse_id, verses[-1].verse_id)
    topics = dict.fromkeys(each.topic for each in dictionaries.citing_topics(database, actual.start, actual.end).items)
    return Source(
        number=number,
        reference=str(actual),
        osis=actual.osis,
        start=actual.start,
        end=actual.end,
        text=" ".join(verse.text for verse in verses),
        topics=tuple(topics),
    )
