"""The markup of an answer: headings, quotations and citations, without loss of text."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from appliance.study.answer_text import MARKS, AnswerPiece, Block, BlockKind, GrowingAnswer, parse_answer

FRAGMENTS = [
    "\n",
    "\n\n",
    "\n\n\n",
    "## ",
    "> ",
    "#",
    ">",
    " ",
    "[1]",
    "[2]",
    "[12]",
    "[0]",
    "[x]",
    "[",
    "]",
    "a",
    "é ",
    "\t",
]
answers = st.lists(st.sampled_from(FRAGMENTS) | st.text(max_size=8), max_size=24)


def text_of(block: Block) -> str:
    return MARKS[block.kind] + "".join(piece.text for piece in block.pieces)


def test_blank_lines_separate_headings_quotations_and_paragraphs() -> None:
    blocks = parse_answer("## Care\n\n> Do not be anxious. [1]\n\nSo says\nthe Lord.\n\n")

    assert [(1, BlockKind.HEADING), (2, BlockKind.QUOTATION), (3, BlockKind.PARAGRAPH)] == [
        (block.number, block.kind) for block in blocks
    ]
    assert ["## Care", "> Do not be anxious. [1]", "So says\nthe Lord."] == [text_of(block) for block in blocks]


def test_a_mark_works_after_several_blank_lines() -> None:
    assert [BlockKind.PARAGRAPH, BlockKind.HEADING] == [block.kind for block in parse_answer("a\n\n\n## b")]


@pytest.mark.parametrize("text", ["##Care", "#", ">", "a ## b", "a\n> b"])
def test_an_incomplete_or_misplaced_mark_is_text(text: str) -> None:
    (block,) = parse_answer(text)

    assert (BlockKind.PARAGRAPH, text) == (block.kind, text_of(block))


@pytest.mark.parametrize("text", ["", "\n", " \n\n \n\n\n"])
def test_white_space_is_no_block(text: str) -> None:
    assert [] == parse_answer(text)


def test_a_citation_is_a_separate_piece() -> None:
    (block,) = parse_answer("God is love [1][12], it says.")

    assert (
        AnswerPiece(text="God is love "),
        AnswerPiece(text="[1]", source_number=1),
        AnswerPiece(text="[12]", source_number=12),
        AnswerPiece(text=", it says."),
    ) == block.pieces


@pytest.mark.parametrize("text", ["[0]", "[01]", "[x]", "[1", "1]", "[1, 2]", "[١]", "[" + "9" * 5_000 + "]"])
def test_brackets_without_a_source_number_stay_text(text: str) -> None:
    (block,) = parse_answer(text)

    assert (AnswerPiece(text=text),) == block.pieces


@given(answers)
def test_blocks_contain_all_text_except_line_breaks_around_them(fragments: list[str]) -> None:
    text = "".join(fragments)
    blocks = parse_answer(text)

    assert [part.strip("\n") for part in text.split("\n\n") if part.strip()] == [text_of(block) for block in blocks]
    assert list(range(1, len(blocks) + 1)) == [block.number for block in blocks]


@given(answers)
def test_every_piece_is_text_or_a_citation(fragments: list[str]) -> None:
    pieces = [piece for block in parse_answer("".join(fragments)) for piece in block.pieces]

    assert all(piece.text for piece in pieces)
    assert all(piece.text == f"[{piece.source_number}]" for piece in pieces if piece.source_number is not None)
    assert not any("[1]" in piece.text for piece in pieces if piece.source_number is None)


@given(answers)
@example(["a\n", "\nb"])
@example(["a\n\n", "\n## b"])
def test_the_blocks_of_a_growing_answer_equal_those_of_the_whole_text(fragments: list[str]) -> None:
    growing, latest_blocks = GrowingAnswer(), dict[int, Block]()
    for fragment in fragments:
        latest_blocks |= {block.number: block for block in growing.add(fragment)}

    assert parse_answer("".join(fragments)) == [latest_blocks[number] for number in sorted(latest_blocks)]


@given(answers)
def test_new_text_changes_only_the_last_block(fragments: list[str]) -> None:
    growing, blocks = GrowingAnswer(), 0
    for fragment in fragments:
        changed = [block.number for block in growing.add(fragment)]
        assert changed == sorted(changed)
        assert not changed or changed[0] >= blocks
        blocks = max([blocks, *changed])
