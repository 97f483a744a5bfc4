"""Comments on verses. The verse numbers are those of the hub versification."""

import msgspec


class Comment(msgspec.Struct, frozen=True):
    """Paragraphs about the verses from `start` to `end`. The introduction of a chapter is about the whole chapter."""

    start: int
    end: int
    paragraphs: tuple[str, ...]


class PassageComment(msgspec.Struct, frozen=True, kw_only=True):
    """A comment on the passage `reference`. `commentary` is the id of the commentary, and `name` is its name."""

    commentary: str
    name: str
    attribution: str
    reference: str
    paragraphs: tuple[str, ...]
