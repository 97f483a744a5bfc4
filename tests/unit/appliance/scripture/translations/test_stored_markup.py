"""Annotations of a verse are stored as nested arrays."""

import msgspec

from appliance.scripture.translations.stored_markup import decode_markup, encode_markup
from appliance.scripture.translations.verse import (
    Break,
    BreakKind,
    Heading,
    HeadingKind,
    Markup,
    Note,
    Span,
    SpanKind,
    Word,
)

MARKUP = Markup(
    words=(Word(0, 4, ("G3439", "G5207")), Word(5, 9, ())),
    notes=(Note(4, "foot", "Or lamp"),),
    spans=(Span(0, 9, SpanKind.JESUS),),
    breaks=(Break(0, BreakKind.LINE, 2),),
    headings=(Heading(HeadingKind.PSALM, "Of David", 0),),
)
STORED = [
    [[0, 4, ["G3439", "G5207"]], [5, 9, []]],
    [[4, "foot", "Or lamp"]],
    [[0, 9, "jesus"]],
    [[0, "line", 2]],
    [["psalm", "Of David", 0]],
]


def test_the_stored_form_of_markup_does_not_change() -> None:
    assert msgspec.msgpack.decode(encode_markup(MARKUP)) == STORED


def test_stored_markup_is_decoded() -> None:
    assert decode_markup(msgspec.msgpack.encode(STORED)) == MARKUP
    assert decode_markup(encode_markup(Markup())) == Markup()
