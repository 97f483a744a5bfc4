"""The quality of the reference parser: it reads strings that people wrote. Another parser provides the expected verses."""

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

# The minimum share of correct strings, by kind.
MIN_SHARES = {"en": 0.97, "es": 0.95, "parse": 0.85, "realworld": 0.75}
MIN_PER_SECOND = 10_000.0
ROUNDS = 3
# Book ids that only other tables use, each with the book of this canon that contains the text.
_ALIASES = {"SgThree": "PrAzar", "GkEsth": "EsthGr"}

Ranges = list[tuple[int, int]]


class ReferencesUnreadable(Refused):
    """The file is not a list of references."""


class Case(msgspec.Struct, frozen=True):
    """A string, its kind, and the ranges of verse_ids that the string means."""

    kind: str
    text: str
    expected: Ranges


class Miss(msgspec.Struct, frozen=True):
    """A string that was read differently than expected."""

    kind: str
    text: str
    expected: str
    actual: str


def read_cases(path: Path) -> list[Case]:
    """Read the cases of a file with the columns kind, text, OSIS. Raises ReferencesUnreadable."""
    try:
        with open_regular(path) as file, io.TextIOWrapper(file, encoding="utf-8", newline="") as lines:
            rows = [row for row in csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE) if row]
            return [Case(row[0], row[1], _expected(row[2])) for row in rows if not row[0].startswith("#")]
    except (OSError, ValueError, IndexError, KeyError, csv.Error) as error:
        raise ReferencesUnreadable(
            f"{path.name} is not a list of references.", remedy="Use tab-separated columns: kind, text, OSIS."
        ) from error


def measure_references(cases: list[Case]) -> tuple[list[Measurement], list[Miss]]:
    """Return the correct share of each kind, and `per_second` (best of several rounds, on one core)."""
    correct: dict[str, list[bool]] = defaultdict(list)
    misses: list[Miss] = []
    for case in cases:
        matches = find_references(case.text, _languages(case.kind))
        ranges = _merged([_range(match.reference) for match in matches])
        correct[case.kind].append(ranges == case.expected)
        if ranges != case.expected:
            misses.append(Miss(case.kind, case.text, _as_text(case.expected), _as_text(ranges)))
    measurements = [
        at_least(kind, sum(results) / len(results), "share", MIN_SHARES.get(kind, 0.0))
        for kind, results in correct.items()
    ]
    return [*measurements, at_least("per_second", _per_second(cases), "strings/s", MIN_PER_SECOND)], misses


def _per_second(cases: list[Case]) -> float:
    best = 0.0
    for _ in range(ROUNDS):
        start = time.process_time()
        for case in cases:
            find_references(case.text, _languages(case.kind))
        best = max(best, len(cases) / (time.process_time() - start))
    return best


def _languages(kind: str) -> tuple[str, ...]:
    return ("es", "en") if kind == "es" else ("en", "es")


def _expected(osis: str) -> Ranges:
    return _merged([_osis_range(part) for part in osis.split(",") if part])


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
        # Verse 999 means the last verse of the chapter.
        numbers[1] = str(min(int(numbers[1]), chapters_of(BOOK_BY_OSIS[book])[int(numbers[0])]))
    try:
        point = parse_osis(".".join([book, *numbers]))
    except ApplianceError as error:
        raise ValueError(f"{text}: {error}") from error
    if point is None:
        raise ValueError(text)
    return point


def _range(reference: Reference) -> tuple[int, int]:
    """Return the first and last existing verse. The title of a psalm counts as verse 1, as in tables without a verse 0."""
    start, end = reference.start, reference.end
    book, chapter, verse = split_verse_id(end)
    if verse == LAST_VERSE:
        end = verse_id(book, chapter, chapters_of(book)[chapter])
    return start if start % 1000 else start + 1, end if end % 1000 else end + 1


def _merged(ranges: Ranges) -> Ranges:
    """Join adjacent ranges to one range."""
    merged: Ranges = []
    for start, end in ranges:
        if merged and start == _next(merged[-1][1]):
            merged[-1] = merged[-1][0], end
        else:
            merged.append((start, end))
    return merged


def _next(number: int) -> int:
    """Return the next verse of the chapter, or after the last verse, the first verse of the next chapter."""
    book, chapter, verse = split_verse_id(number)
    if verse < chapters_of(book)[chapter]:
        return number + 1
    return verse_id(book, chapter + 1, 1)


def _as_text(ranges: Ranges) -> str:
    return ", ".join(str(Reference(start, end)) for start, end in ranges) or "nothing"
