"""Preparation of USFM before its markers are read."""

import pytest

from appliance.scripture.importers.usfm.preparation import WORD_BODY, WORD_END, WORD_START, prepare


def word(text: str, *strongs: str) -> str:
    return f"{WORD_START}{' '.join(strongs)}{WORD_BODY}{text}{WORD_END}"


@pytest.mark.parametrize(
    ("usfm", "prepared"),
    [
        (r'\w loved|lemma="ἀγαπάω" strong="G25"\w* us', f"{word('loved', 'G25')} us"),
        (r'\w loved|strong="G25" x-more="strong" strong="H157"\w*', word("loved", "G25", "H157")),
        (r"\w loved\w*", word("loved")),
        (r'\+w the \+nd Lord\+nd*|strong="H3068"\+w*', word(r"the \+nd Lord\+nd*", "H3068")),
    ],
)
def test_strongs_numbers_are_moved_before_their_word(usfm: str, prepared: str) -> None:
    assert prepared == prepare(usfm)


@pytest.mark.parametrize(
    ("usfm", "prepared"),
    [
        (r"a \fig caption|src='b.jpg'\fig* b", "a  b"),
        (r"a \esb \p sidebar \esbe b", "a  b"),
        (r"a \va 2\va*b", "a b"),
        (r"\qt-s |who='Pilate'\*What?\qt-e\*", "What?"),
        (r"\jmp here|link-href='x'\jmp*", r"\jmp here\jmp*"),
        ("one~two//three", "one\u00a0two three"),
    ],
)
def test_content_that_is_not_text_is_removed(usfm: str, prepared: str) -> None:
    assert prepared == prepare(usfm)


@pytest.mark.parametrize("usfm", [r"\w loved", r"\fig caption", r"a | b", r"\va*"])
def test_a_marker_that_is_not_closed_stays(usfm: str) -> None:
    assert usfm == prepare(usfm)


def test_control_characters_in_the_text_are_removed() -> None:
    assert "ab" == prepare(f"a{WORD_START}{WORD_BODY}{WORD_END}b")
