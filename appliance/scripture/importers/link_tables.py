"""Tables of links, tab-separated: cross references and topics with votes.

Read are OpenBible.info's downloads (`From Verse, To Verse, Votes`; `Topic, Start Verse ID, End Verse ID, Votes` with ids of
the form bbcccvvv) and plain tables of OSIS references of the same columns. Their verses are numbered as the KJV's.
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
# Of the lines of a table, the share that may be no links before the whole is no table.
MAX_BAD_SHARE = 0.01
MAX_BAD_IN_ALL = 100_000
MAX_LINE_CHARACTERS = 1_000
_MAX_PLACE_CHARACTERS = 60
Link = TypeVar("Link")


def read_table(path: Path, *, inside: Path | None = None) -> ItemSource[CrossReference] | ItemSource[TopicVote] | None:
    """The links of a table, or None where its first lines are none; no link of a folder leads out of `inside`.

    Raises FileRefused.
    """
    head, first = _beginning(path, inside)
    if first is None:
        return None
    with open_regular(path, inside=inside) as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    name = shown_name(path)
    if len(first) in (2, 3) and _place(first[0]) and _place(first[1]):
        theirs = _OPENBIBLE in head.lower()
        return ItemSource(
            kind=CROSS_REFERENCES,
            id="OpenBibleLinks" if theirs else "CrossReferences",
            name="Cross references of OpenBible.info" if theirs else "Treasury of Scripture Knowledge",
            licence=_CC_BY if theirs else "Public Domain",
            attribution="www.openbible.info" if theirs else head.lstrip("# ").strip() or name,
            origin=f"table {name}",
            digest=digest,
            entries=lambda: _cross_references(path, inside),
        )
    if len(first) == 4 and _place(first[1]) and _number(first[3]) is not None:
        theirs = _OPENBIBLE in head.lower()
        return ItemSource(
            kind=TOPIC_VOTES,
            id="OpenBibleTopics" if theirs else "TopicVotes",
            name="Topical Bible of OpenBible.info" if theirs else f"Topics of {name}",
            licence=_CC_BY if theirs else "Not stated by the file",
            attribution="www.openbible.info/topics" if theirs else name,
            origin=f"table {name}",
            digest=digest,
            entries=lambda: _topic_votes(path, inside),
        )
    return None


def _each_line(path: Path, inside: Path | None) -> Iterator[str]:
    """The lines of a table; of one that is too long to be a link, pieces that are none."""
    with (
        open_regular(path, inside=inside) as file,
        io.TextIOWrapper(file, encoding="utf-8-sig", errors="replace") as lines,
    ):
        while line := lines.readline(MAX_LINE_CHARACTERS):
            yield line


def _beginning(path: Path, inside: Path | None) -> tuple[str, list[str] | None]:
    """A table's heading, empty where it has none, and the columns of its first line of links."""
    head = ""
    for _, line in zip(range(5), _each_line(path, inside), strict=False):
        columns = line.rstrip("\r\n").split("\t")
        if len(columns) > 1 and any(_place(column) for column in columns[:2]):
            return head, columns
        head += line
    return head, None


def _cross_references(path: Path, inside: Path | None) -> Iterator[CrossReference]:
    def link(columns: list[str]) -> CrossReference | None:
        source, target = _place(columns[0]), _place(columns[1])
        votes = _number(columns[2]) if len(columns) > 2 else 1
        if source is None or target is None or votes is None:
            return None
        return CrossReference(source.start, target.start, target.end, votes)

    yield from _lines(path, inside, link)


def _topic_votes(path: Path, inside: Path | None) -> Iterator[TopicVote]:
    def vote(columns: list[str]) -> TopicVote | None:
        start, end, votes = _place(columns[1]), _place(columns[2] or columns[1]), _number(columns[3])
        topic = columns[0].strip()
        if start is None or votes is None or not topic:
            return None
        return TopicVote(topic, start.start, end.end if end and end.end >= start.start else start.end, votes)

    yield from _lines(path, inside, vote)


def _lines(path: Path, inside: Path | None, read: Callable[[list[str]], Link | None]) -> Iterator[Link]:
    """The links of a table's lines. Raises SourceUnreadable where too many lines are none."""
    bad = good = 0
    for line in _each_line(path, inside):
        if not line.strip() or line.startswith("#"):
            continue
        try:
            link = read(line.rstrip("\r\n").split("\t"))
        except IndexError:
            link = None
        if link is None:
            bad += 1
            # A cancelled import ends at the next link.
            if bad > MAX_BAD_IN_ALL:
                break
            continue
        good += 1
        yield link
    # A heading is no link either.
    if bad > 1 + MAX_BAD_SHARE * good:
        raise SourceUnreadable(
            f"{shown_name(path)} has {bad:,} lines that are no links beside {good:,} that are.",
            remedy="Download it again.",
        )


def _number(text: str) -> int | None:
    digits = text.strip().removeprefix("-")
    return int(text) if digits.isascii() and digits.isdigit() and len(digits) < 10 else None


def _place(text: str) -> Reference | None:
    """A verse or range in the hub's numbers, from OSIS or bbcccvvv; None where it is none or does not exist."""
    text = text.strip()
    return _place_of(text) if len(text) <= _MAX_PLACE_CHARACTERS else None


@functools.lru_cache(maxsize=100_000)
def _place_of(text: str) -> Reference | None:
    numbers = numbering("KJV")
    if len(text) in (7, 8) and text.isascii() and text.isdigit():
        book, chapter, verse = int(text[:-6]), int(text[-6:-3]), int(text[-3:])
        if not 1 <= book <= PROTOCANON_BOOKS:
            return None
        text = f"{BOOKS[book - 1].osis}.{chapter}.{verse}"
    try:
        found = parse_osis(text)
    except ApplianceError:
        return None
    return Reference(numbers.to_hub(found.start), numbers.to_hub(found.end)) if found else None
