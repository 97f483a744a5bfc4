"""From a question to the passages that an answer may rest on."""

from collections.abc import Mapping, Sequence

import msgspec

from appliance.infrastructure.database import Database
from appliance.scripture.canon import CHAPTER_FACTOR, VerseRange
from appliance.scripture.dictionaries import queries as dictionaries
from appliance.scripture.dictionaries.topics import TopicCitation
from appliance.scripture.references import PassageNotFound, Reference
from appliance.scripture.search.hits import Mode, Search
from appliance.scripture.search.named import named_reference
from appliance.scripture.search.wording import subject_of
from appliance.scripture.translations import queries
from appliance.scripture.translations.translation import Translation
from appliance.scripture.translations.verse import Verse
from appliance.study.answer import Source
from appliance.study.ports import PassageFinder

HITS = 16
MAX_SOURCES = 8
# Verses before and after a hit that are read with it, and the most that one passage grows to.
NEIGHBOURS = 1
MAX_PASSAGE = 10


class Retrieved(msgspec.Struct, frozen=True, kw_only=True):
    """The passages for a question.

    `subject` is what the question is about, `sources` are the best first, `citations` are the headings of topics that
    cite each source, by its number, and `notice` is what a reader should know of the search.
    """

    subject: str
    sources: tuple[Source, ...]
    citations: Mapping[int, Sequence[TopicCitation]]
    notice: str | None


def retrieve(database: Database, finder: PassageFinder, question: str, translation: Translation) -> Retrieved:
    """The best passages for a question, each a run of verses with its neighbours. Raises as the finder does."""
    named = named_reference(question)
    subject = subject_of(question)
    results = finder.search(Search(query=subject, mode=Mode.HYBRID, translation=translation, limit=HITS))
    windows: list[VerseRange] = []
    for hit in results.hits:
        if named and hit.verse_id in named:
            continue
        _widen(windows, hit.verse_id)
    references = [Reference(window.start, window.end) for window in windows]
    if named:
        references.insert(0, named)
    sources: list[Source] = []
    citations: dict[int, list[TopicCitation]] = {}
    for number, reference in enumerate(references[:MAX_SOURCES], start=1):
        verses = _verses(database, reference, translation)
        if verses:
            quoted = VerseRange(verses[0].verse_id, verses[-1].verse_id)
            citations[number] = dictionaries.citing_topics(database, quoted).items
            sources.append(_source(number, verses, citations[number]))
    return Retrieved(subject=subject, sources=tuple(sources), citations=citations, notice=results.notice)


def _widen(windows: list[VerseRange], verse_id: int) -> None:
    """Add a hit to the window it touches, or open a new one."""
    chapter = verse_id // CHAPTER_FACTOR * CHAPTER_FACTOR
    first, last = max(verse_id - NEIGHBOURS, chapter + 1), verse_id + NEIGHBOURS
    for position, window in enumerate(windows):
        same_chapter = window.start // CHAPTER_FACTOR == verse_id // CHAPTER_FACTOR
        if same_chapter and first <= window.end + 1 and last >= window.start - 1:
            wider = VerseRange(min(window.start, first), max(window.end, last))
            if wider.end - wider.start < MAX_PASSAGE:
                windows[position] = wider
            return
    windows.append(VerseRange(first, last))


def _verses(database: Database, reference: Reference, translation: Translation) -> list[Verse]:
    """The verses of a passage; none where it is too long to quote, or the translation lacks it."""
    try:
        passage = queries.passage(database, reference, [translation])
    except (queries.PassageTooLong, PassageNotFound):
        return []
    return [verse.verses[translation.id] for verse in passage]


def _source(number: int, verses: Sequence[Verse], citations: Sequence[TopicCitation]) -> Source:
    reference = Reference(verses[0].verse_id, verses[-1].verse_id)
    return Source(
        number=number,
        reference=str(reference),
        osis=reference.osis,
        start=reference.start,
        end=reference.end,
        text=" ".join(verse.text for verse in verses),
        topics=tuple(dict.fromkeys(citation.topic for citation in citations)),
    )
