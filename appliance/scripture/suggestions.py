"""What somebody who types the beginning of something may mean: passages, topics, words of the original, people and places."""

import bisect
import heapq
import string
import threading
from collections.abc import Iterator
from enum import StrEnum

import msgspec

from appliance.errors import ApplianceError
from appliance.infrastructure.database import Database
from appliance.scripture import store
from appliance.scripture.canon import BOOKS
from appliance.scripture.companions import store as companion_store
from appliance.scripture.companions.dataset import Dataset
from appliance.scripture.lexicon import fold
from appliance.scripture.references import chapters_of, parse_reference

MOST = 20
LANGUAGES = {"grc": "Greek", "hbo": "Hebrew"}
# No kind keeps the others out.
MOST_OF_A_KIND = 4


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


class _Entry(msgspec.Struct, frozen=True, order=True):
    """A beginning that leads to a suggestion; of the same beginning, the one of more `weight` goes first."""

    key: str
    weight: int
    number: int


class Suggester:
    """Suggests from a library; what can be suggested is read at the first need, and again when the library changes."""

    def __init__(self, library: Database) -> None:
        self._library = library
        self._lock = threading.Lock()
        self._seen = threading.local()
        self._fingerprint: object = None
        self._read_so_far: tuple[list[_Entry], list[Suggestion]] = [], []

    def suggest(self, typed: str, limit: int = 8) -> list[Suggestion]:
        """The best suggestions for what was typed so far; none for nothing."""
        key = fold(typed)
        if not key:
            return []
        entries, suggestions = self._current()
        first = bisect.bisect_left(entries, _Entry(key, -(10**9), 0))
        last = bisect.bisect_left(entries, _Entry(key + "\U0010ffff", 0, 0))
        # The whole of what was typed goes before beginnings, then what is met more often.
        best = heapq.nsmallest(
            MOST * 6, entries[first:last], key=lambda each: (each.key != key or len(key) == 1, each.weight, each.key)
        )
        found = _passages(typed) + [suggestions[each.number] for each in best]
        return _mixed(list(dict.fromkeys(found)), limit)

    def _current(self) -> tuple[list[_Entry], list[Suggestion]]:
        version = self._library.reader.value("PRAGMA data_version")
        if getattr(self._seen, "version", None) != version or not self._read_so_far[0]:
            with self._lock:
                sources: list[store.Dictionary | Dataset] = [
                    *store.select_dictionaries(self._library.reader),
                    *companion_store.select_datasets(self._library.reader),
                ]
                fingerprint = tuple((each.id, each.digest) for each in sources)
                if fingerprint != self._fingerprint or not self._read_so_far[0]:
                    self._read_so_far = self._read()
                    self._fingerprint = fingerprint
            self._seen.version = version
        return self._read_so_far

    def _read(self) -> tuple[list[_Entry], list[Suggestion]]:
        suggestions: list[Suggestion] = []
        entries: list[_Entry] = []
        for suggestion, keys, weight in self._everything():
            entries += (_Entry(key, -weight, len(suggestions)) for key in {fold(each) for each in keys} if key)
            suggestions.append(suggestion)
        return sorted(entries), suggestions

    def _everything(self) -> Iterator[tuple[Suggestion, list[str], int]]:
        """Each suggestion, what leads to it, and how often it is met."""
        reader = self._library.reader
        for book in BOOKS:
            detail = counted(len(chapters_of(book)), "chapter")
            # Books go before all else that begins so.
            yield (
                Suggestion(kind=SuggestionKind.PASSAGE, text=book.name, detail=detail, target=book.osis),
                [book.name, book.name.lstrip("123 ")],
                100_000,
            )
        for topic, headword, _, citations in reader.rows(store.SELECT_TOPICS):
            if citations:
                detail = counted(citations, "passage")
                yield (
                    Suggestion(
                        kind=SuggestionKind.TOPIC, text=string.capwords(headword), detail=detail, target=str(topic)
                    ),
                    [headword],
                    citations,
                )
        for strongs, lemma, transliteration, language in reader.rows(store.SELECT_LEMMAS):
            detail = f"{strongs}, {LANGUAGES.get(language, language)} {transliteration}"
            yield (
                Suggestion(kind=SuggestionKind.WORD, text=lemma, detail=detail, target=strongs),
                [lemma, transliteration, strongs],
                1,
            )
        for identifier, kind, name, also, _, _, _, _, _, mentions in reader.rows(companion_store.SELECT_HEADS):
            detail = f"in {counted(mentions, 'verse')}"
            yield (
                Suggestion(kind=SuggestionKind(kind), text=name, detail=detail, target=identifier),
                [name, *filter(None, also.split(companion_store.LIST))],
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
        if sum(other.kind is each.kind for other in found[:number]) < MOST_OF_A_KIND
    ]
    return (chosen + [each for each in found if each not in chosen])[:limit]
