"""Comments on verses. Verse numbers are those of the hub."""

import msgspec


class Comment(msgspec.Struct, frozen=True):
    """Paragraphs about the verses from `start` to `end`. The introduction of a chapter is about the whole chapter."""

    start: int
    end: int
    paragraphs: tuple[str, ...]


class PassageComment(msgspec.Struct, frozen=True, kw_only=True):
    """A comment on `reference`. `commentary` is the id of the commentary, `name` its name."""

    commentary: str
    name: str
    attribution: str
    reference: str
    paragraphs: tuple[str, ...]
