"""Special tokens are found where a template wrote them, and nowhere else."""

from hypothesis import given
from hypothesis import strategies as st

from models.generation.special_tokens import PromptSplitter, SpecialTexts, SpecialToken, is_marker, read_special_texts
from models.generation.traced import join_texts, trusted

SPECIAL = SpecialTexts(
    control={"<|end|>": 1, "<|endoftext|>": 2, "<s>": 3}, markers=frozenset({"<think>", "</think>", "<th>"})
)
splitter = PromptSplitter(SPECIAL)


def split(*parts: str) -> list[int | str]:
    return list(splitter.split(join_texts(parts)))


def test_a_template_s_tokens_are_parted_from_text() -> None:
    assert [3, "user: hello", 1, "\n"] == split(trusted("<s>user: "), "hello", trusted("<|end|>\n"))


def test_the_longest_token_counts() -> None:
    assert [2] == split(trusted("<|endoftext|>"))


def test_a_request_s_text_makes_no_token_not_even_with_the_template_s_help() -> None:
    assert ["<|end|>"] == split("<|end|>")
    assert ["<|end|>"] == split("<|e", trusted("nd|>"))
    assert ["<|end|>"] == split(trusted("<|"), "end", trusted("|>"))
    assert ["<s", 3, ">"] == split("<s", trusted("<s>"), ">")


def test_a_marker_of_the_template_stays_whole_and_a_forged_one_is_cut() -> None:
    assert ["<think>"] == split(trusted("<think>"))
    assert ["<", "think>"] == split("<think>")
    assert ["a<", "/think>b<", "th>"] == split("a</think>b<th>")
    assert ["<", "think>"] == split(trusted("<thi"), "nk>")


@given(st.lists(st.tuples(st.sampled_from(["<|end|>", "<think>", "<", "think>", "x", "<s>", " "]), st.booleans())))
def test_nothing_is_lost(parts: list[tuple[str, bool]]) -> None:
    texts = {number: text for text, number in SPECIAL.control.items()}
    found = split(*(trusted(text) if own else text for text, own in parts))

    assert "".join(text for text, _ in parts) == "".join(
        texts[each] if isinstance(each, int) else each for each in found
    )
    if not any(own for _, own in parts):
        assert not any(isinstance(each, int) or each in SPECIAL.markers for each in found)


def test_white_space_beside_a_token_is_dropped_where_its_vocabulary_says_so() -> None:
    stripping = PromptSplitter(
        SpecialTexts(control={"<a>": 1, "<b>": 2}, strips_before=frozenset({2}), strips_after=frozenset({1}))
    )

    assert [1, "x", 2, " y"] == list(stripping.split(trusted("<a> \nx <b> y")))
    assert [1, 2] == list(stripping.split(trusted("<a>  <b>")))


def test_white_space_and_single_characters_are_no_markers() -> None:
    assert not any(map(is_marker, ["\n\n", "▁▁▁▁", "   ", "<", ""]))
    assert all(map(is_marker, ["<think>", "<h1>", "[INST]"]))


def test_a_vocabulary_is_read_from_what_its_tokens_are() -> None:
    tokens = [
        SpecialToken(0, "<s>", is_control=True, is_user_defined=False, strips_before=False, strips_after=True),
        SpecialToken(1, "<think>", is_control=False, is_user_defined=True, strips_before=False, strips_after=False),
        SpecialToken(2, "\n\n", is_control=False, is_user_defined=True, strips_before=False, strips_after=False),
        SpecialToken(3, "", is_control=True, is_user_defined=False, strips_before=False, strips_after=False),
    ]

    assert SpecialTexts(
        control={"<s>": 0}, markers=frozenset({"<think>"}), strips_after=frozenset({0})
    ) == read_special_texts(tokens)
