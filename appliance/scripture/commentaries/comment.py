"""Comments on verses. Verses are numbered as in the hub."""

import msgspec


class Comment(msgspec.Struct, frozen=True):
    """Paragraphs about the verses from `start` to `end`; a chapter's introduction is about the whole chapter."""

    start: int
    end: int
    paragraphs: tuple[str, ...]


class PassageComment(msgspec.Struct, frozen=True, kw_only=True):
    """What a commentary says about `reference`. `commentary` is its id, `name` its name."""

    commentary: str
    name: str
    attribution: str
    reference: str
    paragraphs: tuple[str, ...]
