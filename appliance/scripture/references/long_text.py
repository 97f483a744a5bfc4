"""References of long texts, found in a process of their own, so that reading pages does not wait for it."""

import sys
from collections.abc import Sequence

import msgspec

from appliance.infrastructure.processes import run_program
from appliance.scripture.paging import Page, page_of
from appliance.scripture.references.book_tables import LANGUAGES, Language
from appliance.scripture.references.finding import FoundReference, find_references

# A text of this length takes some 50 ms, which is not much more than starting a process.
SHORT_CHARACTERS = 8_000
TIME_LIMIT_S = 20.0
NICENESS = 15


class LongText(msgspec.Struct, frozen=True):
    """What the process reads from standard input."""

    text: str
    languages: tuple[Language, ...]
    after: int
    limit: int


class FoundPage(msgspec.Struct, frozen=True):
    """What the process prints."""

    references: Sequence[FoundReference]
    next_after: int | None


def is_long(text: str) -> bool:
    """Whether the references of a text are found in a process of their own."""
    return len(text) > SHORT_CHARACTERS


def find_page(
    text: str, languages: tuple[Language, ...] = LANGUAGES, *, after: int = 0, limit: int = 2_000
) -> Page[FoundReference]:
    """A page of the references of a text, as `find_references` finds them. Raises ProgramFailed for a long text."""
    if not is_long(text):
        return page_of(find_references(text, languages)[after:], after, limit)
    lines: list[str] = []
    run_program(
        [sys.executable, "-P", "-m", "appliance.scripture.references"],
        timeout_s=TIME_LIMIT_S,
        on_line=lines.append,
        standard_input=msgspec.json.encode(LongText(text, languages, after, limit)).decode(),
        niceness=NICENESS,
    )
    found = msgspec.json.decode(lines[-1], type=FoundPage)
    return Page(list(found.references), found.next_after)
