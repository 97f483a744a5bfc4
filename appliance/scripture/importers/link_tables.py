"""Reads tab-separated tables of links: cross references, and topics with votes.

Two formats are supported. The first is that of the downloads of OpenBible.info: `From Verse, To Verse, Votes`, or
`Topic, Start Verse ID, End Verse ID, Votes` with ids of the form bbcccvvv. The second is plain tables of OSIS references with
the same columns. Verse numbers are those of the KJV.
"""

import functools
import hashlib
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from appliance.errors import ApplianceError
from appliance.infrastructure.opening import open_regular, shown_name
from appliance.scripture.canon import BOOKS, PROTOCANON_BOOKS
from appliance.scripture.importers.source import ItemSource, SourceUnreadable
from appliance.scripture.links.kinds import CROSS_REFERENCES, TOPIC_VOTES
from appliance.scripture.links.link import CrossReference, TopicVote
from appliance.scripture.numbering import numbering
from appliance.scripture.references import Reference, parse_osis

_OPENBIBLE = "openbible.info"
_CC_BY = "CC BY"
# The largest share of lines that are not links. A table with a larger share is refused.
MAX_INVALID_SHARE = 0.01
MAX_INVALID_LINES = 100_000
MAX_LINE_CHARACTERS = 1_000
_MAX_REFERENCE_CHARACTERS = 60
Link = TypeVar("Link")


def read_table(path: Path, *, inside: Path | None = None) -> ItemSource[CrossReference] | ItemSource[TopicVote] | None:
    """Return the links of a table, or None if the first lines of the file contain no link.

    If the path is a symbolic link, it must not lead out of the folder `inside`. Raises FileRefused.
    """
    heading, first = _beginning(path, inside)
    if first is None:
        return None
    with open_regular(path, inside=inside) as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    name = shown_name(path)
    is_openbible = _OPENBIBLE in heading.lower()
    if len(first) in (2, 3) and _reference(first[0]) and _reference(first[1]):
        return ItemSource(
            kind=CROSS_REFERENCES,
            id="OpenBibleLinks" if is_openbible else "CrossReferences",
            name="Cross references of OpenBible.info" if is_openbible else "Treasury of Scripture Knowledge",
            licence=_CC_BY if is_openbible else "Public Domain",
            attribution="www.openbible.info" if is_openbible else heading.lstrip("# ").strip() or name,
            origin=f"table {name}",
            digest=digest,
            entries=lambda: _cross_references(path, inside),
        )
    if len(first) == 4 and _reference(first[1]) and _number(first[3]) is not None:
        return ItemSource(
            kind=TOPIC_VOTES,
            id="OpenBibleTopics" if is_openbible else "TopicVotes",
            name="Topical Bible of OpenBible.info" if is_openbible else f"Topics of {name}",
            licence=_CC_BY if is_openbible else "Not stated by the file",
            attribution="www.openbible.info/topics" if is_openbible else name,
            origin=f"table {name}",
            digest=digest,
            entries=lambda: _topic_votes(path, inside),
        )
    return None


def _lines(path: Path, inside: Path | None) -> Iterator[str]:
    """Yield the lines of a table. A line that is too long to be a link is yielded in pieces."""
    with (
        open_regular(path, inside=inside) as file,
        io.TextIOWrapper(file, encoding="utf-8-sig", errors="replace") as lines,
    ):
        while line := lines.readline(MAX_LINE_CHARACTERS):
            yield line


def _beginning(path: Path, inside: Path | None) -> tuple[str, list[str] | None]:
    """Return the heading of a table, which may be empty, and the columns of the first line with a link."""
    heading = ""
    for _, line in zip(range(5), _lines(path, inside), strict=False):
        columns = line.rstrip("\r\n").split("\t")
        if len(columns) > 1 and any(_reference(column) for column in columns[:2]):
            return heading, columns
        heading += line
    return heading, None


def _cross_references(path: Path, inside: Path | None) -> Iterator[CrossReference]:
    def link(columns: list[str]) -> CrossReference | None:
        source, target = _reference(columns[0]), _reference(columns[1])
        votes = _number(columns[2]) if len(columns) > 2 else 1
        if source is None or target is None or votes is None:
            return None
        return CrossReference(source.start, target.start, target.end, votes)

    yield from _links(path, inside, link)


def _topic_votes(path: Path, inside: Path | None) -> Iterator[TopicVote]:
    def vote(columns: list[str]) -> TopicVote | None:
        start, end, votes = _reference(columns[1]), _reference(columns[2] or columns[1]), _number(columns[3])
        topic = columns[0].strip()
        if start is None or votes is None or not topic:
            return None
        return TopicVote(topic, start.start, end.end if end and end.end >= start.start else start.end, votes)

    yield from _links(path, inside, vote)


def _links(path: Path, inside: Path | None, read: Callable[[list[str]], Link | None]) -> Iterator[Link]:
    """Yield the links of a table. Raises SourceUnreadable if too many lines are not links."""
    invalid_count = link_count = 0
    for line in _lines(path, inside):
        if not line.strip() or line.startswith("#"):
            continue
        try:
            link = read(line.rstrip("\r\n").split("\t"))
        except IndexError:
            link = None
        if link is None:
            invalid_count += 1
            # A cancelled import stops only at a link, so there must not be too many lines before the next link.
            if invalid_count > MAX_INVALID_LINES:
                break
            continue
        link_count += 1
        yield link
    # One line may be a heading.
    if invalid_count > 1 + MAX_INVALID_SHARE * link_count:
        raise SourceUnreadable(
            f"{shown_name(path)} has {invalid_count:,} lines that are not links, and {link_count:,} links.",
            remedy="Download it again.",
        )


def _number(text: str) -> int | None:
    digits = text.strip().removeprefix("-")
    return int(text) if digits.isascii() and digits.isdigit() and len(digits) < 10 else None


def _reference(text: str) -> Reference | None:
    """Return a verse or range in the hub versification, from OSIS or bbcccvvv. None if it is invalid or does not exist."""
    text = text.strip()
    return _parsed_reference(text) if len(text) <= _MAX_REFERENCE_CHARACTERS else None


@functools.lru_cache(maxsize=100_000)
def _parsed_reference(text: str) -> Reference | None:
    numbers = numbering("KJV")
    if len(text) in (7, 8) and text.isascii() and text.isdigit():
        book, chapter, verse = int(text[:-6]), int(text[-6:-3]), int(text[-3:])
        if not 1 <= book <= PROTOCANON_BOOKS:
            return None
        text = f"{BOOKS[book - 1].osis}.{chapter}.{verse}"
    try:
        reference = parse_osis(text)
    except ApplianceError:
        return None
    return Reference(numbers.to_hub(reference.start), numbers.to_hub(reference.end)) if reference else None
