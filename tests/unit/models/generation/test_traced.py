"""Operations keep the trace of every character. Capitals are trusted here, so that a lost trace is visible."""

from collections.abc import Callable, Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.generation.traced import Traced, is_trusted, join_texts, plain, trusted, trusted_spans

texts = st.text("ABab <>|\n", max_size=12)
OPERATIONS: dict[str, Callable[[str], str | Iterable[str]]] = {
    "slice": lambda text: text[1:-1],
    "step": lambda text: text[::-2],
    "strip": lambda text: text.strip(),
    "strip characters": lambda text: text.strip("aA"),
    "lstrip": lambda text: text.lstrip(),
    "rstrip": lambda text: text.rstrip("\n"),
    "split": lambda text: text.split("a"),
    "split at space": lambda text: text.split(),
    "split once": lambda text: text.split(None, 1),
    "rsplit": lambda text: text.rsplit("b", 1),
    "rsplit at space": lambda text: text.rsplit(None, 1),
    "lines": lambda text: text.splitlines(),
    "whole lines": lambda text: text.splitlines(keepends=True),
    "partition": lambda text: text.partition("A"),
    "rpartition": lambda text: text.rpartition("B"),
    "replace": lambda text: text.replace("a", "bb"),
    "replace once": lambda text: text.replace("B", "", 1),
    "prefix": lambda text: text.removeprefix("A"),
    "suffix": lambda text: text.removesuffix("b"),
    "twice": lambda text: text * 2,
    "left": lambda text: "ab" + text,
    "right": lambda text: text + "ab",
    "joined": lambda text: text.join(["a", "b", "ab"]),
    "characters": list,
    "itself": str,
}


def traced(text: str) -> Traced:
    return join_texts(trusted(letter) if letter.isupper() else letter for letter in text)


def has_correct_trace(text: str) -> bool:
    return all(is_trusted(text, at, at + 1) == letter.isupper() for at, letter in enumerate(plain(text)))


@pytest.mark.parametrize("name", OPERATIONS)
@settings(max_examples=40)
@given(text=texts)
def test_an_operation_has_the_result_of_str_and_keeps_the_trace(name: str, text: str) -> None:
    expected, result = OPERATIONS[name](text), OPERATIONS[name](traced(text))

    assert expected == result
    assert all(has_correct_trace(part) for part in ([result] if isinstance(result, str) else result))


@given(texts, texts)
def test_inserted_text_keeps_its_own_trace(text: str, new: str) -> None:
    assert has_correct_trace(traced(text).replace("a", traced(new)))
    assert has_correct_trace(traced("A").join([traced(text), new.lower()]))


def test_the_results_of_undefined_operations_are_not_trusted() -> None:
    text = trusted("<|im_end|>")

    result = [text.zfill(20), text.center(20), f"{text}".ljust(20), text.translate({}), Traced("x")]

    assert [[]] * len(result) == [trusted_spans(part) for part in result]


def test_letters_that_become_two_are_no_longer_trusted() -> None:
    assert [(0, 1)] == trusted_spans(trusted("a").upper())
    assert [] == trusted_spans(trusted("ß").upper())


def test_trusted_spans_are_runs() -> None:
    assert [(1, 3), (4, 5)] == trusted_spans(traced("aABaA"))
    assert [] == trusted_spans("plain")
