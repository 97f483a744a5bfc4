"""How well references are read: strings that people wrote, against the verses that another parser finds in them."""

import csv
import io
import time
from collections import defaultdict
from pathlib import Path

import msgspec

from appliance.errors import ApplianceError, Refused
from appliance.infrastructure.opening import open_regular
from appliance.scripture.canon import BOOK_BY_OSIS, split_verse_id, verse_id
from appliance.scripture.references import LAST_VERSE, Reference, find_references, parse_osis
from appliance.scripture.references.reference import chapters_of
from server.benchmarks.report import Measurement, at_least

# The least share right, by kind.
BARS = {"en": 0.97, "es": 0.95, "parse": 0.85, "realworld": 0.75}
MIN_PER_SECOND = 10_000.0
ROUNDS = 3
# Ids of other tables for what this canon keeps in one book.
_ALIASES = {"SgThree": "PrAzar", "GkEsth": "EsthGr"}

Ranges = list[tuple[int, int]]


class ReferencesUnreadable(Refused):
    """The file is not a list of references."""


class Case(msgspec.Struct, frozen=True):
    """A string of a kind, and what it means as ranges of verse_ids."""

    kind: str
    text: str
    expected: Ranges


class Miss(msgspec.Struct, frozen=True):
    """A string that was read otherwise."""

    kind: str
    text: str
    expected: str
    found: str


def read_cases(path: Path) -> list[Case]:
    """The cases of a file with the columns kind, text, OSIS. Raises ReferencesUnreadable."""
    try:
        with open_regular(path) as file, io.TextIOWrapper(file, encoding="utf-8", newline="") as lines:
            rows = [row for row in csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE) if row]
            return [Case(row[0], row[1], _expected(row[2])) for row in rows if not row[0].startswith("#")]
    except (OSError, ValueError, IndexError, KeyError, csv.Error) as error:
        raise ReferencesUnreadable(
            f"{path.name} is not a list of references.", remedy="Columns: kind, text, OSIS."
        ) from error


def measure_references(cases: list[Case]) -> tuple[list[Measurement], list[Miss]]:
    """The share right of each kind, and `per_second`: the best of several rounds over all strings, on one core."""
    right: dict[str, list[bool]] = defaultdict(list)
    misses: list[Miss] = []
    for case in cases:
        found = _merged([_range(each.reference) for each in find_references(case.text, _languages(case.kind))])
        right[case.kind].append(found == case.expected)
        if found != case.expected:
            misses.append(Miss(case.kind, case.text, _shown(case.expected), _shown(found)))
    measurements = [at_least(kind, sum(hits) / len(hits), "share", BARS.get(kind, 0.0)) for kind, hits in right.items()]
    return [*measurements, at_least("per_second", _per_second(cases), "strings/s", MIN_PER_SECOND)], misses


def _per_second(cases: list[Case]) -> float:
    best = 0.0
    for _ in range(ROUNDS):
        began = time.process_time()
        for case in cases:
            find_references(case.text, _languages(case.kind))
        best = max(best, len(cases) / (time.process_time() - began))
    return best


def _languages(kind: str) -> tuple[str, ...]:
    return ("es", "en") if kind == "es" else ("en", "es")


def _expected(osis: str) -> Ranges:
    return _merged([_osis_range(each) for each in osis.split(",") if each])


def _osis_range(text: str) -> tuple[int, int]:
    start, _, end = text.partition("-")
    first, last = _osis_point(start), _osis_point(end or start)
    return _range(Reference(first.start, last.end))


def _osis_point(text: str) -> Reference:
    book, *numbers = text.split(".")
    if book == "Ps" and numbers[:1] == ["151"]:
        book, numbers = "AddPs", ["1", *numbers[1:]]
    book = _ALIASES.get(book, book)
    if len(numbers) > 1:
        # Verse 999 is the chapter's last, whatever that is.
        numbers[1] = str(min(int(numbers[1]), chapters_of(BOOK_BY_OSIS[book])[int(numbers[0])]))
    try:
        point = parse_osis(".".join([book, *numbers]))
    except ApplianceError as error:
        raise ValueError(f"{text}: {error}") from error
    if point is None:
        raise ValueError(text)
    return point


def _range(reference: Reference) -> tuple[int, int]:
    """Both ends as verses that exist. A psalm's title counts as its first verse, as it does for those who know no verse 0."""
    start, end = reference.start, reference.end
    book, chapter, verse = split_verse_id(end)
    if verse == LAST_VERSE:
        end = verse_id(book, chapter, chapters_of(book)[chapter])
    return start if start % 1000 else start + 1, end if end % 1000 else end + 1


def _merged(ranges: Ranges) -> Ranges:
    """Ranges of which one goes on where the one before ends are one range."""
    merged: Ranges = []
    for start, end in ranges:
        if merged and start == _next(merged[-1][1]):
            merged[-1] = merged[-1][0], end
        else:
            merged.append((start, end))
    return merged


def _next(number: int) -> int:
    """The verse after a verse, in its chapter or at the beginning of the book's next."""
    book, chapter, verse = split_verse_id(number)
    if verse < chapters_of(book)[chapter]:
        return number + 1
    return verse_id(book, chapter + 1, 1)


def _shown(ranges: Ranges) -> str:
    return ", ".join(str(Reference(start, end)) for start, end in ranges) or "nothing"
