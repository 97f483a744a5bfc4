"""Bytes are converted to text, up to a stop sequence."""

from hypothesis import given
from hypothesis import strategies as st

from models.generation.text import TextAssembler, partial_suffix


def assemble(chunks: list[bytes], stop: list[str]) -> str:
    assembler = TextAssembler(stop)
    return "".join(assembler.feed(chunk) for chunk in chunks) + assembler.finish()


@given(st.text(), st.lists(st.integers(0, 40), max_size=6), st.lists(st.text(max_size=4), max_size=1))
def test_the_text_ends_before_the_first_stop_sequence_for_any_cut(text: str, cuts: list[int], stop: list[str]) -> None:
    data = text.encode("utf-8", "replace")
    positions = sorted(min(cut, len(data)) for cut in cuts)
    chunks = [data[start:end] for start, end in zip([0, *positions], [*positions, len(data)], strict=True)]
    decoded = data.decode()
    ends = [decoded.find(sequence) for sequence in stop if sequence and sequence in decoded]

    assert (decoded[: min(ends)] if ends else decoded) == assemble(chunks, stop)


def test_a_possible_beginning_of_a_stop_sequence_is_held_back() -> None:
    assembler = TextAssembler(["\nUser:"])

    assert "peace" == assembler.feed(b"peace\nUs")
    assert "\nUsual" == assembler.feed(b"ual")
    assert "" == assembler.feed(b"\nUser: more")
    assert assembler.stopped


def test_half_a_character_waits_for_the_other_half() -> None:
    assert ["", "א"] == [assembler.feed(part) for assembler in [TextAssembler([])] for part in (b"\xd7", b"\x90")]


def test_partial_suffix() -> None:
    assert (2, 0, 0) == (partial_suffix("to st", "stop"), partial_suffix("stop", "xyz"), partial_suffix("", "stop"))
