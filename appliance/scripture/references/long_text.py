"""Finds the references of long texts in a separate process, so that other requests do not wait."""

import sys
from collections.abc import Sequence

import msgspec

from appliance.infrastructure.processes import run_program
from appliance.scripture.paging import Page, page_of
from appliance.scripture.references.book_tables import LANGUAGES, Language
from appliance.scripture.references.finding import FoundReference, find_references

# Searching a text of this length takes about 50 ms. Starting a process takes almost as long.
SHORT_CHARACTERS = 8_000
TIME_LIMIT_S = 20.0
NICENESS = 15


class LongText(msgspec.Struct, frozen=True):
    """The input that the separate process reads from standard input."""

    text: str
    languages: tuple[Language, ...]
    after: int
    limit: int


class FoundPage(msgspec.Struct, frozen=True):
    """The output of the separate process."""

    references: Sequence[FoundReference]
    next_after: int | None


def is_long(text: str) -> bool:
    """Return True if a text is so long that a separate process finds its references."""
    return len(text) > SHORT_CHARACTERS


def find_page(
    text: str, languages: tuple[Language, ...] = LANGUAGES, *, after: int = 0, limit: int = 2_000
) -> Page[FoundReference]:
    """Return a page of the references in a text. For a long text, this can raise ProgramFailed."""
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
    page = msgspec.json.decode(lines[-1], type=FoundPage)
    return Page(list(page.references), page.next_after)
