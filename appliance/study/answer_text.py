"""The markup of an answer: blocks of text with citations, from chat models or quoted passages.

Blank lines separate blocks. `## ` starts a heading, `> ` a quotation, and `[2]` cites the source with the number 2.
"""

import re
from enum import StrEnum

import msgspec

_SEPARATOR = "\n\n"
_CITATION = re.compile(r"\[([1-9][0-9]{0,2})\]")


class BlockKind(StrEnum):
    HEADING = "heading"
    QUOTATION = "quotation"
    PARAGRAPH = "paragraph"


MARKS = {BlockKind.HEADING: "## ", BlockKind.QUOTATION: "> ", BlockKind.PARAGRAPH: ""}


class AnswerPiece(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of the original text. `source_number` is set if the text is a citation, such as `[2]`."""

    text: str
    source_number: int | None = None


class Block(msgspec.Struct, frozen=True, kw_only=True):
    """A block of an answer. `number` counts from 1. Its pieces contain the text without the mark of its kind."""

    number: int
    kind: BlockKind
    pieces: tuple[AnswerPiece, ...]


class GrowingAnswer:
    """Parses an answer while it is written. Only the last block can still change."""

    def __init__(self) -> None:
        self._complete_blocks = 0
        self._open_text = ""

    def add(self, text: str) -> list[Block]:
        """Add text. Return the blocks that it changes or starts, in order, including the previous last block if there is one."""
        *complete_texts, self._open_text = (self._open_text + text).split(_SEPARATOR)
        changed = []
        for block_text in complete_texts:
            if block_text.strip():
                self._complete_blocks += 1
                changed.append(_parse_block(self._complete_blocks, block_text))
        if self._open_text.strip():
            changed.append(_parse_block(self._complete_blocks + 1, self._open_text))
        return changed


def parse_answer(text: str) -> list[Block]:
    """The blocks of a complete answer."""
    return GrowingAnswer().add(text)


def _parse_block(number: int, text: str) -> Block:
    text = text.strip("\n")
    kind = next(kind for kind, mark in MARKS.items() if text.startswith(mark))
    return Block(number=number, kind=kind, pieces=_parse_pieces(text.removeprefix(MARKS[kind])))


def _parse_pieces(text: str) -> tuple[AnswerPiece, ...]:
    # Every second part is a match of the group of the pattern: a number.
    parts = _CITATION.split(text)
    pieces = [
        AnswerPiece(text=f"[{part}]", source_number=int(part)) if index % 2 else AnswerPiece(text=part)
        for index, part in enumerate(parts)
    ]
    return tuple(piece for piece in pieces if piece.text)
