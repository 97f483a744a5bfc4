"""Verses that are remembered by their words."""

from hypothesis import given
from hypothesis import strategies as st

from appliance.scripture.search.in_order import words_in_order, words_of

VERSES = [
    (1, "In the beginning, God created the heavens and the earth."),
    (2, "The earth was formless and empty. Darkness was on the surface of the deep."),
    (3, "For God so loved the world, that he gave his only born Son, that whoever believes in him should not perish."),
]


def test_words_that_were_left_out_do_not_hide_a_verse() -> None:
    (found,) = words_in_order("god so loved world that gave his only born son", VERSES)

    assert (3, 1.0) == (found.verse_id, found.share)


def test_the_same_words_in_another_order_are_none_of_these() -> None:
    assert [] == words_in_order("earth the and heavens the created God beginning", VERSES)


def test_few_words_say_nothing() -> None:
    assert [] == words_in_order("the heavens", VERSES)


def test_the_closest_words_go_first() -> None:
    far = (
        4,
        "God was there. Long after that day, and after many others, he created both of them: the heavens and the earth.",
    )

    assert [1, 4] == [each.verse_id for each in words_in_order("God created the heavens and", [far, VERSES[0]])]


def test_words_at_the_beginning_of_a_verse_do_not_stretch_those_at_its_end() -> None:
    verse = (5, "The cords of Sheol were around me. The snares of death caught me.")

    assert [5] == [each.verse_id for each in words_in_order("the snares of caught me", [verse])]


@given(st.data())
def test_any_part_of_a_verse_finds_it_wholly(data: st.DataObject) -> None:
    verse_id, text = data.draw(st.sampled_from(VERSES))
    words = words_of(text)
    start = data.draw(st.integers(0, len(words) - 4))
    part = words[start : start + data.draw(st.integers(4, len(words)))]

    best = words_in_order(" ".join(part), VERSES)[0]

    assert (verse_id, 1.0, len(part)) == (best.verse_id, best.share, best.width)


def test_words_match_with_either_apostrophe_in_either_case_and_as_often_as_they_are_wanted() -> None:
    texts = [
        (1, "DON’T be afraid; don’t be dismayed."),
        (2, "Don't be afraid."),
        (3, "Be afraid, all of you, be afraid!"),
    ]

    found = words_in_order("don't be afraid don’t be", texts)

    assert [1] == [each.verse_id for each in found]
    assert 1.0 == found[0].share
