"""Finds the passages for a question."""

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

MAX_HITS = 16
MAX_SOURCES = 8
# How many verses are added before and after a hit, and the largest number of verses in a passage.
NEIGHBOUR_VERSES = 1
MAX_PASSAGE_VERSES = 10


class Retrieved(msgspec.Struct, frozen=True, kw_only=True):
    """The passages for a question.

    `subject` is the subject of the question. `sources` are sorted, best first. `citations` has, by the number of a source, the
    topic headings that cite this source. `notice` is a message for the reader about the search.
    """

    subject: str
    sources: tuple[Source, ...]
    citations: Mapping[int, Sequence[TopicCitation]]
    notice: str | None


def retrieve(database: Database, finder: PassageFinder, question: str, translation: Translation) -> Retrieved:
    """Return the best passages for a question: hits with their neighbouring verses. Raises the errors of `finder`."""
    named = named_reference(question)
    subject = subject_of(question)
    results = finder.search(Search(query=subject, mode=Mode.HYBRID, translation=translation, limit=MAX_HITS))
    ranges: list[VerseRange] = []
    for hit in results.hits:
        if named and hit.verse_id in named:
            continue
        _widen(ranges, hit.verse_id)
    references = [Reference(verse_range.start, verse_range.end) for verse_range in ranges]
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


def _widen(ranges: list[VerseRange], verse_id: int) -> None:
    """Add a hit to the range that it touches. If it touches none, add a new range."""
    chapter = verse_id // CHAPTER_FACTOR * CHAPTER_FACTOR
    first, last = max(verse_id - NEIGHBOUR_VERSES, chapter + 1), verse_id + NEIGHBOUR_VERSES
    for position, verse_range in enumerate(ranges):
        same_chapter = verse_range.start // CHAPTER_FACTOR == verse_id // CHAPTER_FACTOR
        if same_chapter and first <= verse_range.end + 1 and last >= verse_range.start - 1:
            wider = VerseRange(min(verse_range.start, first), max(verse_range.end, last))
            if wider.end - wider.start < MAX_PASSAGE_VERSES:
                ranges[position] = wider
            return
    ranges.append(VerseRange(first, last))


def _verses(database: Database, reference: Reference, translation: Translation) -> list[Verse]:
    """Return the verses of a passage. The list is empty if it is too long to quote, or not in the translation."""
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
