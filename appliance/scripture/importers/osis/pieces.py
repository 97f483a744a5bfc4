"""Joins verses that a document splits: if successive pieces have the same verse number, they become one verse."""

import functools
from itertools import groupby

from appliance.scripture.importers.markup import MAX_VERSE_CHARACTERS
from appliance.scripture.importers.source import SourceUnreadable
from appliance.scripture.translations.verse import Break, Heading, Markup, Note, Span, Verse, Word

# The limits of one verse: how many pieces are joined at a time, and how many annotations a verse can have.
MAX_PIECES = 500
MAX_ANNOTATIONS = 10_000


def joined(verses: list[Verse]) -> list[Verse]:
    """Return the verses. Successive pieces of a verse are joined. Raises SourceUnreadable if a verse is too long."""
    joined_verses: list[Verse] = []
    for _verse_id, pieces in groupby(verses, key=lambda verse: verse.verse_id):
        first, *others = pieces
        if len(others) > MAX_PIECES:
            raise _too_long(first)
        joined_verses.append(functools.reduce(_join, others, first))
    return joined_verses


def _too_long(verse: Verse) -> SourceUnreadable:
    return SourceUnreadable(f"The verse {verse.osis} is too long.", remedy="Check that the document is an OSIS Bible.")


def _join(first: Verse, second: Verse) -> Verse:
    shift = len(first.text) + 1 if first.text else 0
    one, two = first.markup, second.markup
    annotations = len(one.words) + len(one.notes) + len(one.spans) + len(one.breaks) + len(one.headings)
    if shift > MAX_VERSE_CHARACTERS or annotations > MAX_ANNOTATIONS:
        raise _too_long(first)
    return Verse(
        first.verse_id,
        f"{first.text} {second.text}".strip(),
        Markup(
            words=one.words + tuple(Word(w.start + shift, w.end + shift, w.strongs) for w in two.words),
            notes=one.notes + tuple(Note(n.at + shift, n.kind, n.text) for n in two.notes),
            spans=one.spans + tuple(Span(s.start + shift, s.end + shift, s.kind) for s in two.spans),
            breaks=one.breaks + tuple(Break(b.at + shift, b.kind, b.level) for b in two.breaks),
            headings=one.headings + tuple(Heading(h.kind, h.text, h.at + shift) for h in two.headings),
        ),
        through=max(first.through, second.through),
    )
