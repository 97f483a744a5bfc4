"""Joining the pieces of a verse."""

import pytest

from appliance.scripture.importers.osis.pieces import MAX_PIECES, joined
from appliance.scripture.importers.source import SourceUnreadable
from appliance.scripture.translations.verse import (
    Break,
    BreakKind,
    Heading,
    HeadingKind,
    Markup,
    Note,
    Span,
    SpanKind,
    Verse,
    Word,
)

VERSE = 43_003_016


def test_different_verses_are_not_joined() -> None:
    verses = [Verse(VERSE, "One"), Verse(VERSE + 1, "Two"), Verse(VERSE, "One again")]

    assert verses == joined(verses)


def test_annotations_move_with_their_words() -> None:
    markup = Markup(
        words=(Word(0, 3, ("G1",)),),
        notes=(Note(3, "foot", "A note."),),
        spans=(Span(0, 3, SpanKind.JESUS),),
        breaks=(Break(0, BreakKind.LINE, 2),),
        headings=(Heading(HeadingKind.SECTION, "A title", 0),),
    )
    (verse,) = joined([Verse(VERSE, "One", markup), Verse(VERSE, "two", markup, through=VERSE + 1)])

    assert ("One two", VERSE + 1) == (verse.text, verse.through)
    assert [(0, 3), (4, 7)] == [(word.start, word.end) for word in verse.markup.words]
    assert [3, 7] == [note.at for note in verse.markup.notes]
    assert [(0, 3), (4, 7)] == [(span.start, span.end) for span in verse.markup.spans]
    assert [(0, 2), (4, 2)] == [(break_.at, break_.level) for break_ in verse.markup.breaks]
    assert [0, 4] == [heading.at for heading in verse.markup.headings]


def test_a_piece_without_words_adds_no_space() -> None:
    (verse,) = joined([Verse(VERSE, ""), Verse(VERSE, "One"), Verse(VERSE, "")])

    assert "One" == verse.text


def test_a_verse_with_too_many_pieces_is_refused() -> None:
    assert 1 == len(joined([Verse(VERSE, "a")] * (MAX_PIECES + 1)))
    with pytest.raises(SourceUnreadable, match=r"John\.3\.16 is too long"):
        joined([Verse(VERSE, "a")] * (MAX_PIECES + 2))
