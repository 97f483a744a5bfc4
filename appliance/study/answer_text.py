"""The markup of an answer: blocks of text with citations. Chat models write it, or it quotes passages.

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
    """A block of an answer. `number` counts the blocks from 1. The pieces contain the text without the mark of the kind."""

    number: int
    kind: BlockKind
    pieces: tuple[AnswerPiece, ...]


class GrowingAnswer:
    """Parses an answer while it is written. Only the last block can still change."""

    def __init__(self) -> None:
        self._complete_blocks = 0
        self._open_text = ""

    def add(self, text: str) -> list[Block]:
        """Add text. Return the blocks that it changes or starts, in order. This includes the block that was last before."""
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
    """Return the blocks of a complete answer."""
    return GrowingAnswer().add(text)


def _parse_block(number: int, text: str) -> Block:
    text = text.strip("\n")
    kind = next(kind for kind, mark in MARKS.items() if text.startswith(mark))
    return Block(number=number, kind=kind, pieces=_parse_pieces(text.removeprefix(MARKS[kind])))


def _parse_pieces(text: str) -> tuple[AnswerPiece, ...]:
    # The parts with odd indexes are matches of the pattern's group, which is a number.
    parts = _CITATION.split(text)
    pieces = [
        AnswerPiece(text=f"[{part}]", source_number=int(part)) if index % 2 else AnswerPiece(text=part)
        for index, part in enumerate(parts)
    ]
    return tuple(piece for piece in pieces if piece.text)
