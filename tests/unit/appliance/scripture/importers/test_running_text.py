"""The text of a verse grows piece by piece, with the spaces that belong between the pieces."""

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
def test_pieces_keep_the_spaces_that_they_have_one_at_a_time(pieces: tuple[str, ...], words: str) -> None:
    assert words == text_of(*pieces).words


def test_what_is_parted_gets_a_space_but_not_at_the_beginning() -> None:
    text = RunningText()
    text.part()
    text.add("one", is_added=False)
    text.part()
    text.add("two", is_added=False)

    assert "one two" == text.words


def test_the_next_word_is_expected_after_a_space() -> None:
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
    text.note()
    text.add(after, is_added=False)

    assert words == text.words


def test_a_mark_that_follows_a_quotation_loses_its_space() -> None:
    text = text_of("Come ")
    text.end_quote()
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
def test_added_words_get_a_space_that_was_lost_unless_they_are_written_onto_their_verb(
    before: str, added: str, words: str
) -> None:
    text = text_of(before)
    text.edge(is_added=True)
    text.add(added, is_added=True)

    assert words == text.words
