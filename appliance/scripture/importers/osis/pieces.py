"""Verses that a document cuts up: pieces that follow each other under one number become one verse."""

import functools
from itertools import groupby

from appliance.scripture.importers.markup import MAX_VERSE_CHARACTERS
from appliance.scripture.importers.source import SourceUnreadable
from appliance.scripture.translations.verse import Break, Heading, Markup, Note, Span, Verse, Word

# Of one verse: pieces at a time, and annotations in all.
MAX_PIECES = 500
MAX_ANNOTATIONS = 10_000


def joined(verses: list[Verse]) -> list[Verse]:
    """The verses, those that follow each other under one number as one. Raises SourceUnreadable for one too long."""
    out: list[Verse] = []
    for _place, pieces in groupby(verses, key=lambda verse: verse.verse_id):
        first, *others = pieces
        if len(others) > MAX_PIECES:
            raise _too_long(first)
        out.append(functools.reduce(_join, others, first))
    return out


def _too_long(verse: Verse) -> SourceUnreadable:
    return SourceUnreadable(
        f"The verse {verse.osis} is longer than any verse is.", remedy="Is the document an OSIS Bible?"
    )


def _join(first: Verse, second: Verse) -> Verse:
    by = len(first.text) + 1 if first.text else 0
    one, two = first.markup, second.markup
    annotations = len(one.words) + len(one.notes) + len(one.spans) + len(one.breaks) + len(one.headings)
    if by > MAX_VERSE_CHARACTERS or annotations > MAX_ANNOTATIONS:
        raise _too_long(first)
    return Verse(
        first.verse_id,
        f"{first.text} {second.text}".strip(),
        Markup(
            words=one.words + tuple(Word(w.start + by, w.end + by, w.strongs) for w in two.words),
            notes=one.notes + tuple(Note(n.at + by, n.kind, n.text) for n in two.notes),
            spans=one.spans + tuple(Span(s.start + by, s.end + by, s.kind) for s in two.spans),
            breaks=one.breaks + tuple(Break(b.at + by, b.kind, b.level) for b in two.breaks),
            headings=one.headings + tuple(Heading(h.kind, h.text, h.at + by) for h in two.headings),
        ),
        through=max(first.through, second.through),
    )
