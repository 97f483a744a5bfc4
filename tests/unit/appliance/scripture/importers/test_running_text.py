"""Joining the pieces of a verse text, with the right spaces between them."""

import pytest

from appliance.scripture.importers.running_text import RunningText


def text_of(*pieces: str, is_added: bool = False) -> RunningText:
    text = RunningText()
    for piece in pieces:
        text.add(piece, is_added=is_added)
    return text


@pytest.mark.parametrize(
    ("pieces", "words"),
    [
        (("one", "two"), "onetwo"),
        (("one ", "two"), "one two"),
        (("one", " two"), "one two"),
        (("one ", " ", " two"), "one two"),
        ((" \n one\t\n two ",), "one two"),
        (("one ", ", two"), "one , two"),
        (("", " "), ""),
    ],
)
def test_several_spaces_between_pieces_become_one(pieces: tuple[str, ...], words: str) -> None:
    assert words == text_of(*pieces).words


def test_separated_words_get_a_space_but_not_at_the_beginning() -> None:
    text = RunningText()
    text.separate()
    text.add("one", is_added=False)
    text.separate()
    text.add("two", is_added=False)

    assert "one two" == text.words


def test_the_offset_of_the_next_word_includes_a_space() -> None:
    assert (0, 4) == (text_of().next_at, text_of("one").next_at)


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("born", "Son", "born Son"),
        ("born", "“Son", "born “Son"),
        ("born", ", he", "born, he"),
        ("born ", "?", "born?"),
        ("born—", "and", "born—and"),
        ("(", "and", "(and"),
    ],
)
def test_a_note_between_two_words_leaves_a_space(before: str, after: str, words: str) -> None:
    text = text_of(before)
    text.mark_note()
    text.add(after, is_added=False)

    assert words == text.words


def test_a_space_between_a_quotation_and_punctuation_is_removed() -> None:
    text = text_of("Come ")
    text.mark_quote_end()
    text.add("?", is_added=False)

    assert "Come?" == text.words


@pytest.mark.parametrize(
    ("before", "added", "words"),
    [
        ("the", "same", "the same"),
        ("oyéndo", "lo", "oyéndolo"),
        ("dar", "les", "darles"),
        ("the", ", same", "the, same"),
    ],
)
def test_added_words_get_a_missing_space_unless_they_are_attached_to_a_verb(
    before: str, added: str, words: str
) -> None:
    text = text_of(before)
    text.mark_edge(is_added=True)
    text.add(added, is_added=True)

    assert words == text.words
