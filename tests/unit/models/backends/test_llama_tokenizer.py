"""Prompts become tokens: control tokens only from the chat template, and the begin token once."""

import pytest
from fakes.llama import BEGIN, BYTES, CONTROL, END, LSTRIP, RSTRIP, TOKENS, UNKNOWN, USER_DEFINED, FakeLlama
from hypothesis import given, settings
from hypothesis import strategies as st

from models.backends.llama_tokenizer import LlamaTokenizer
from models.errors import RequestInvalid
from models.generation.traced import join_texts, trusted

TURN, THINK, BLANK, NO_WORD, WORD = range(BYTES + len(TOKENS), BYTES + len(TOKENS) + 5)
VOCABULARY = (
    ("<|turn|>", CONTROL),
    ("<think>", USER_DEFINED),
    ("\n\n", USER_DEFINED),
    ("<unk>", UNKNOWN),
    (" lamp", 4),
)


def tokenizer(*tokens: tuple[str, int], adds_begin: bool = False) -> LlamaTokenizer:
    return LlamaTokenizer(FakeLlama(*(tokens or VOCABULARY), adds_begin=adds_begin), "vocabulary")


def test_plain_text_is_tokenized_by_the_library() -> None:
    assert [ord("a"), WORD, ord("!")] == tokenizer().tokenize("a lamp!")


def test_the_control_tokens_of_a_template_are_inserted_between_the_texts() -> None:
    prompt = join_texts([trusted("<|turn|>"), "hi", trusted("</s>")])

    assert [TURN, ord("h"), ord("i"), END] == tokenizer().tokenize(prompt)


def test_a_request_cannot_spell_a_control_token() -> None:
    for prompt in ("<|turn|>", "</s>", "<unk>", join_texts([trusted("<|tu"), "rn|>"])):
        tokens = tokenizer().tokenize(prompt)

        assert [*prompt.encode()] == tokens


def test_a_character_without_a_token_is_left_out() -> None:
    llama = FakeLlama(*VOCABULARY, adds_begin=False)
    llama.token_of_byte[ord("#")] = NO_WORD

    assert [ord("a"), ord("b")] == LlamaTokenizer(llama, "vocabulary").tokenize("a#b")


def test_a_marker_is_one_token_only_if_the_template_wrote_it() -> None:
    assert [THINK] == tokenizer().tokenize(trusted("<think>"))
    assert [*b"<think>"] == tokenizer().tokenize("<think>")


def test_a_token_of_white_space_is_parsed_in_any_text() -> None:
    assert [ord("a"), BLANK, ord("b")] == tokenizer().tokenize("a\n\nb")


def test_the_begin_token_is_added_once() -> None:
    adding = tokenizer(adds_begin=True)

    assert [BEGIN, ord("a")] == adding.tokenize("a")
    assert [BEGIN, ord("a")] == adding.tokenize(trusted("<s>a"))
    assert [BEGIN] == adding.tokenize("")


def test_a_begin_token_that_a_request_spells_does_not_replace_the_real_one() -> None:
    assert [BEGIN, *b"<s>a"] == tokenizer(adds_begin=True).tokenize("<s>a")


def test_no_begin_token_is_added_if_the_vocabulary_does_not_add_or_have_it() -> None:
    without = FakeLlama(adds_begin=True)
    without.begin = -1

    assert [ord("a")] == LlamaTokenizer(without, "vocabulary").tokenize("a")
    assert [ord("a")] == tokenizer(adds_begin=False).tokenize("a")


def test_white_space_beside_a_control_token_is_removed_if_its_attributes_say_so() -> None:
    stripping = tokenizer(("<a>", CONTROL | RSTRIP), ("<b>", CONTROL | LSTRIP))
    first, second = BYTES + len(TOKENS), BYTES + len(TOKENS) + 1

    assert [first, ord("x"), second, ord(" ")] == stripping.tokenize(trusted("<a>  x \n<b> "))


def test_a_text_with_more_tokens_than_bytes_is_complete() -> None:
    llama = FakeLlama(adds_begin=False)
    llama.tokens_per_space = 3

    assert [ord(" ")] * 3 * 50 == LlamaTokenizer(llama, "vocabulary").tokenize(" " * 50)


def test_text_that_the_library_cannot_tokenize_is_a_request_error() -> None:
    llama = FakeLlama()
    llama.cannot_tokenize = True

    with pytest.raises(RequestInvalid, match="could not be converted to tokens"):
        LlamaTokenizer(llama, "vocabulary").tokenize("a")


def test_half_of_a_surrogate_pair_becomes_a_question_mark() -> None:
    assert [ord("?")] == tokenizer().tokenize("\ud800")


def test_the_text_of_a_token_is_that_of_the_file() -> None:
    assert ["<|turn|>", "<s>", ""] == [tokenizer().text_of(token) for token in (TURN, BEGIN, -1)]


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["<|turn|>", "</s>", "<think>", "<", "/s>", "é", " "]), st.booleans())))
def test_control_tokens_come_only_from_the_template(parts: list[tuple[str, bool]]) -> None:
    tokens = tokenizer().tokenize(join_texts([trusted(text) if by_template else text for text, by_template in parts]))
    template = "".join(text if by_template else "|" for text, by_template in parts)

    assert template.count("<|turn|>") == tokens.count(TURN)
    assert template.count("</s>") == tokens.count(END)
