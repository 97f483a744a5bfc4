"""Special tokens are found only where a template wrote them."""

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


def test_the_tokens_of_a_template_are_separated_from_text() -> None:
    assert [3, "user: hello", 1, "\n"] == split(trusted("<s>user: "), "hello", trusted("<|end|>\n"))


def test_the_longest_token_is_used() -> None:
    assert [2] == split(trusted("<|endoftext|>"))


def test_the_text_of_a_request_becomes_no_token_even_together_with_the_template() -> None:
    assert ["<|end|>"] == split("<|end|>")
    assert ["<|end|>"] == split("<|e", trusted("nd|>"))
    assert ["<|end|>"] == split(trusted("<|"), "end", trusted("|>"))
    assert ["<s", 3, ">"] == split("<s", trusted("<s>"), ">")


def test_a_marker_of_the_template_stays_whole_and_a_forged_marker_is_cut() -> None:
    assert ["<think>"] == split(trusted("<think>"))
    assert ["<", "think>"] == split("<think>")
    assert ["a<", "/think>b<", "th>"] == split("a</think>b<th>")
    assert ["<", "think>"] == split(trusted("<thi"), "nk>")


@given(st.lists(st.tuples(st.sampled_from(["<|end|>", "<think>", "<", "think>", "x", "<s>", " "]), st.booleans())))
def test_splitting_loses_no_text(parts: list[tuple[str, bool]]) -> None:
    texts = {number: text for text, number in SPECIAL.control.items()}
    parts_of_prompt = split(*(trusted(text) if own else text for text, own in parts))

    assert "".join(text for text, _ in parts) == "".join(
        texts[part] if isinstance(part, int) else part for part in parts_of_prompt
    )
    if not any(own for _, own in parts):
        assert not any(isinstance(part, int) or part in SPECIAL.markers for part in parts_of_prompt)


def test_white_space_beside_a_token_is_removed_if_its_vocabulary_says_so() -> None:
    stripping = PromptSplitter(
        SpecialTexts(control={"<a>": 1, "<b>": 2}, strips_before=frozenset({2}), strips_after=frozenset({1}))
    )

    assert [1, "x", 2, " y"] == list(stripping.split(trusted("<a> \nx <b> y")))
    assert [1, 2] == list(stripping.split(trusted("<a>  <b>")))


def test_white_space_and_single_characters_are_not_markers() -> None:
    assert not any(map(is_marker, ["\n\n", "▁▁▁▁", "   ", "<", ""]))
    assert all(map(is_marker, ["<think>", "<h1>", "[INST]"]))


def test_special_texts_are_read_from_the_attributes_of_tokens() -> None:
    tokens = [
        SpecialToken(0, "<s>", is_control=True, is_user_defined=False, strips_before=False, strips_after=True),
        SpecialToken(1, "<think>", is_control=False, is_user_defined=True, strips_before=False, strips_after=False),
        SpecialToken(2, "\n\n", is_control=False, is_user_defined=True, strips_before=False, strips_after=False),
        SpecialToken(3, "", is_control=True, is_user_defined=False, strips_before=False, strips_after=False),
    ]

    assert SpecialTexts(
        control={"<s>": 0}, markers=frozenset({"<think>"}), strips_after=frozenset({0})
    ) == read_special_texts(tokens)
