"""Suggestions while a user types: passages, topics, Greek and Hebrew words, people and places."""

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

# Increase this number with every change of the compiled data.
FORMAT = 1
MAX_SUGGESTIONS = 20
LANGUAGES = {"grc": "Greek", "hbo": "Hebrew"}
# The limit leaves room for suggestions of other kinds.
MAX_PER_KIND = 4


class SuggestionKind(StrEnum):
    PASSAGE = "passage"
    TOPIC = "topic"
    WORD = "word"
    PERSON = "person"
    PLACE = "place"
    EVENT = "event"


class Suggestion(msgspec.Struct, frozen=True, kw_only=True):
    """One suggestion. `text` is its name. `target` is an OSIS reference, the id of a topic or entity, or a Strong's number."""

    kind: SuggestionKind
    text: str
    detail: str
    target: str


# A suggestion, the names under which it is found, and how often it occurs.
_WeightedSuggestion = tuple[Suggestion, list[str], int]
_KINDS = list(SuggestionKind)


class SuggestionTable(msgspec.Struct, frozen=True, kw_only=True):
    """All suggestions by number, and the sorted names that lead to them. The name `keys[i]` leads to suggestion `numbers[i]`.

    The weight of a suggestion is minus its number of occurrences. If keys are equal, the lowest weight comes first.
    """

    keys: Strings
    weights: Integers
    numbers: Integers
    kinds: Integers
    texts: Strings
    details: Strings
    targets: Strings

    def beginning_with(self, key: str, limit: int) -> list[Suggestion]:
        """Return the best suggestions whose names begin with a key: exact matches first, then the most frequent suggestions."""
        first, last = self.keys.first_sorted(key), self.keys.first_sorted(f"{key}\U0010ffff")
        # Many names begin with the same letter. So if the key is one letter, a name that is only this letter is not put first.
        exact_end = self.keys.first_sorted(f"{key}\0") if len(key) > 1 else first
        is_longer = np.arange(first, last) >= exact_end
        best = np.lexsort((self.weights[first:last], is_longer))[:limit]
        return [self._suggestion(number) for number in self.numbers[first:last][best].tolist()]

    def _suggestion(self, number: int) -> Suggestion:
        return Suggestion(
            kind=_KINDS[self.kinds[number]],
            text=self.texts[number],
            detail=self.details[number],
            target=self.targets[number],
        )


class CompiledSuggestions(msgspec.Struct, frozen=True, kw_only=True):
    """The suggestions. `sources` has the id and the digest of each dictionary and data set that they were compiled from."""

    format: int
    sources: tuple[tuple[str, str], ...]
    table: SuggestionTable


def suggestions_are_stale(library: Database, path: Path) -> bool:
    """Return True if dictionaries or data sets of the library changed after the suggestions were compiled."""
    sources = _sources(library)
    try:
        compiled = map_arrays(path, CompiledSuggestions)
    except FileNotFoundError:
        return bool(sources)
    except ArraysDamaged:
        return True
    return (compiled.format, compiled.sources) != (FORMAT, sources)


def compile_suggestions(library: Database, path: Path) -> CompiledSuggestions:
    """Compile the suggestions of a library, and replace the old file."""
    sources = _sources(library)
    compiled = CompiledSuggestions(format=FORMAT, sources=sources, table=_table(_all_suggestions(library.reader)))
    write_arrays(path, compiled)
    return compiled


class Suggester:
    """Suggests from the compiled suggestions. Before these exist, it suggests only books and passages."""

    def __init__(self, path: Path) -> None:
        self._compiled = MappedFile(path, CompiledSuggestions)

    def suggest(self, typed: str, limit: int = 8) -> list[Suggestion]:
        """Return the best suggestions for the typed text. For an empty text, the list is empty."""
        key = fold(typed)
        if not key:
            return []
        suggestions = _passages(typed) + self._table().beginning_with(key, MAX_SUGGESTIONS * 6)
        return _mixed(list(dict.fromkeys(suggestions)), limit)

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


def _table(weighted_suggestions: Iterable[_WeightedSuggestion]) -> SuggestionTable:
    suggestions: list[Suggestion] = []
    entries: list[tuple[str, int, int]] = []
    for suggestion, names, count in weighted_suggestions:
        entries += ((key, -count, len(suggestions)) for key in {fold(name) for name in names} if key)
        suggestions.append(suggestion)
    entries.sort()
    return SuggestionTable(
        keys=strings(key for key, _, _ in entries),
        weights=np.array([weight for _, weight, _ in entries], dtype=np.int32),
        numbers=np.array([number for _, _, number in entries], dtype=np.int32),
        kinds=np.array([_KINDS.index(suggestion.kind) for suggestion in suggestions], dtype=np.int8),
        texts=strings(suggestion.text for suggestion in suggestions),
        details=strings(suggestion.detail for suggestion in suggestions),
        targets=strings(suggestion.target for suggestion in suggestions),
    )


def _books() -> Iterator[_WeightedSuggestion]:
    for book in BOOKS:
        detail = counted(len(chapters_of(book)), "chapter")
        # If several suggestions have the same beginning, books come first.
        yield (
            Suggestion(kind=SuggestionKind.PASSAGE, text=book.name, detail=detail, target=book.osis),
            [book.name, book.name.lstrip("123 ")],
            100_000,
        )


def _all_suggestions(reader: Reader) -> Iterator[_WeightedSuggestion]:
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
    for identifier, kind, name, aliases, mentions in reader.rows(entity_store.SELECT_NAMES):
        detail = f"in {counted(mentions, 'verse')}"
        yield (
            Suggestion(kind=SuggestionKind(kind), text=name, detail=detail, target=identifier),
            [name, *filter(None, aliases.split(entity_store.LIST))],
            mentions,
        )


def counted(number: int, noun: str) -> str:
    """Return a number with its noun: `1 verse`, `2 verses`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _passages(typed: str) -> list[Suggestion]:
    """Return the passage that the typed text already names, if the text contains digits."""
    if not any(character.isdigit() for character in typed):
        return []
    try:
        reference = parse_reference(typed)
    except ApplianceError:
        return []
    return [Suggestion(kind=SuggestionKind.PASSAGE, text=str(reference), detail="open passage", target=reference.osis)]


def _mixed(suggestions: list[Suggestion], limit: int) -> list[Suggestion]:
    """Return the first `limit` suggestions, at most MAX_PER_KIND of each kind. If there is room, more of a kind follow."""
    chosen = [
        suggestion
        for position, suggestion in enumerate(suggestions)
        if sum(other.kind is suggestion.kind for other in suggestions[:position]) < MAX_PER_KIND
    ]
    return (chosen + [suggestion for suggestion in suggestions if suggestion not in chosen])[:limit]
