"""What somebody who types the beginning of something may mean: passages, topics, words of the original, people and places."""

import functools
import string
from collections.abc import Iterable, Iterator
from enum import StrEnum
from pathlib import Path

import msgspec
import numpy as np

from appliance.errors import ApplianceError
from appliance.infrastructure.arrays import ArraysDamaged, Integers, MappedFile, map_arrays, write_arrays
from appliance.infrastructure.database import Database, Reader
from appliance.infrastructure.strings import Strings, strings
from appliance.scripture.canon import BOOKS
from appliance.scripture.dictionaries import store as dictionary_store
from appliance.scripture.dictionaries.lexicon import fold
from appliance.scripture.entities import store as entity_store
from appliance.scripture.kinds import DATA_SETS, DICTIONARIES
from appliance.scripture.library.queries import installed
from appliance.scripture.references import chapters_of, parse_reference

# Raised with every change of what is compiled.
FORMAT = 1
MAX_SUGGESTIONS = 20
LANGUAGES = {"grc": "Greek", "hbo": "Hebrew"}
# No kind keeps the others out.
MAX_OF_A_KIND = 4


class SuggestionKind(StrEnum):
    PASSAGE = "passage"
    TOPIC = "topic"
    WORD = "word"
    PERSON = "person"
    PLACE = "place"
    EVENT = "event"


class Suggestion(msgspec.Struct, frozen=True, kw_only=True):
    """`text` is what it is called; `target` an OSIS reference, a topic's or entity's id, or a Strong's number."""

    kind: SuggestionKind
    text: str
    detail: str
    target: str


# A suggestion, what leads to it, and how often it is met.
_Suggested = tuple[Suggestion, list[str], int]
_KINDS = list(SuggestionKind)


class SuggestionTable(msgspec.Struct, frozen=True, kw_only=True):
    """All suggestions by number, and the beginnings that lead to them in order: `keys[i]` leads to `numbers[i]`.

    Of the same beginning, the one of the lower weight goes first: weights are minus how often a suggestion is met.
    """

    keys: Strings
    weights: Integers
    numbers: Integers
    kinds: Integers
    texts: Strings
    details: Strings
    targets: Strings

    def beginning_with(self, key: str, most: int) -> list[Suggestion]:
        """The best suggestions: the whole of what was typed goes before beginnings, then what is met more often."""
        first, last = self.keys.first_sorted(key), self.keys.first_sorted(f"{key}\U0010ffff")
        # One letter is the beginning of too much for its own name to go first.
        whole = self.keys.first_sorted(f"{key}\0") if len(key) > 1 else first
        begins_only = np.arange(first, last) >= whole
        best = np.lexsort((self.weights[first:last], begins_only))[:most]
        return [self._suggestion(number) for number in self.numbers[first:last][best].tolist()]

    def _suggestion(self, number: int) -> Suggestion:
        return Suggestion(
            kind=_KINDS[self.kinds[number]],
            text=self.texts[number],
            detail=self.details[number],
            target=self.targets[number],
        )


class CompiledSuggestions(msgspec.Struct, frozen=True, kw_only=True):
    """What can be suggested, and the dictionaries and data sets that it is from, by id and digest."""

    format: int
    sources: tuple[tuple[str, str], ...]
    table: SuggestionTable


def suggestions_are_stale(library: Database, path: Path) -> bool:
    """True where what is compiled is not from the dictionaries and data sets that the library has now."""
    sources = _sources(library)
    try:
        compiled = map_arrays(path, CompiledSuggestions)
    except FileNotFoundError:
        return bool(sources)
    except ArraysDamaged:
        return True
    return (compiled.format, compiled.sources) != (FORMAT, sources)


def compile_suggestions(library: Database, path: Path) -> CompiledSuggestions:
    """Compile what a library can suggest, and publish it."""
    sources = _sources(library)
    compiled = CompiledSuggestions(format=FORMAT, sources=sources, table=_table(_everything(library.reader)))
    write_arrays(path, compiled)
    return compiled


class Suggester:
    """Suggests what is compiled; until something is, passages."""

    def __init__(self, path: Path) -> None:
        self._compiled = MappedFile(path, CompiledSuggestions)

    def suggest(self, typed: str, limit: int = 8) -> list[Suggestion]:
        """The best suggestions for what was typed so far; none for nothing."""
        key = fold(typed)
        if not key:
            return []
        found = _passages(typed) + self._table().beginning_with(key, MAX_SUGGESTIONS * 6)
        return _mixed(list(dict.fromkeys(found)), limit)

    def _table(self) -> SuggestionTable:
        try:
            return self._compiled.current().table
        except (FileNotFoundError, ArraysDamaged):
            return _books_only()


@functools.cache
def _books_only() -> SuggestionTable:
    return _table(_books())


def _sources(library: Database) -> tuple[tuple[str, str], ...]:
    return tuple((item.id, item.digest) for item in installed(library, *DICTIONARIES, *DATA_SETS))


def _table(everything: Iterable[_Suggested]) -> SuggestionTable:
    suggestions: list[Suggestion] = []
    entries: list[tuple[str, int, int]] = []
    for suggestion, keys, weight in everything:
        entries += ((key, -weight, len(suggestions)) for key in {fold(each) for each in keys} if key)
        suggestions.append(suggestion)
    entries.sort()
    return SuggestionTable(
        keys=strings(key for key, _, _ in entries),
        weights=np.array([weight for _, weight, _ in entries], dtype=np.int32),
        numbers=np.array([number for _, _, number in entries], dtype=np.int32),
        kinds=np.array([_KINDS.index(each.kind) for each in suggestions], dtype=np.int8),
        texts=strings(each.text for each in suggestions),
        details=strings(each.detail for each in suggestions),
        targets=strings(each.target for each in suggestions),
    )


def _books() -> Iterator[_Suggested]:
    for book in BOOKS:
        detail = counted(len(chapters_of(book)), "chapter")
        # Books go before all else that begins so.
        yield (
            Suggestion(kind=SuggestionKind.PASSAGE, text=book.name, detail=detail, target=book.osis),
            [book.name, book.name.lstrip("123 ")],
            100_000,
        )


def _everything(reader: Reader) -> Iterator[_Suggested]:
    yield from _books()
    for topic, headword, _, citations in reader.rows(dictionary_store.SELECT_TOPICS):
        if citations:
            detail = counted(citations, "passage")
            yield (
                Suggestion(kind=SuggestionKind.TOPIC, text=string.capwords(headword), detail=detail, target=str(topic)),
                [headword],
                citations,
            )
    for strongs, lemma, transliteration, language in reader.rows(dictionary_store.SELECT_LEMMAS):
        detail = f"{strongs}, {LANGUAGES.get(language, language)} {transliteration}"
        yield (
            Suggestion(kind=SuggestionKind.WORD, text=lemma, detail=detail, target=strongs),
            [lemma, transliteration, strongs],
            1,
        )
    for identifier, kind, name, also, mentions in reader.rows(entity_store.SELECT_NAMES):
        detail = f"in {counted(mentions, 'verse')}"
        yield (
            Suggestion(kind=SuggestionKind(kind), text=name, detail=detail, target=identifier),
            [name, *filter(None, also.split(entity_store.LIST))],
            mentions,
        )


def counted(number: int, what: str) -> str:
    """`1 verse`, `2 verses`."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _passages(typed: str) -> list[Suggestion]:
    """The passage that is named already, where digits say so."""
    if not any(character.isdigit() for character in typed):
        return []
    try:
        reference = parse_reference(typed)
    except ApplianceError:
        return []
    return [Suggestion(kind=SuggestionKind.PASSAGE, text=str(reference), detail="open it", target=reference.osis)]


def _mixed(found: list[Suggestion], limit: int) -> list[Suggestion]:
    """The first of each kind, no kind more often than others need room."""
    chosen = [
        each
        for number, each in enumerate(found)
        if sum(other.kind is each.kind for other in found[:number]) < MAX_OF_A_KIND
    ]
    return (chosen + [each for each in found if each not in chosen])[:limit]
