"""Comments on verses. Verses are numbered as in the hub."""

import msgspec


class Comment(msgspec.Struct, frozen=True):
    """Paragraphs about the verses from `start` to `end`; a chapter's introduction is about the whole chapter."""

    start: int
    end: int
    paragraphs: tuple[str, ...]


class CommentOf(msgspec.Struct, frozen=True):
    """What a commentary says about the verses from `start` to `end`."""

    id: str
    commentary: str
    attribution: str
    start: int
    end: int
    paragraphs: tuple[str, ...]
