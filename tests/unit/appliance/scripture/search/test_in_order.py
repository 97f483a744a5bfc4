"""Half-remembered verses: words of a query in order."""

from hypothesis import given
from hypothesis import strategies as st

from appliance.scripture.search.in_order import words_in_order, words_of

VERSES = [
    (1, "In the beginning, God created the heavens and the earth."),
    (2, "The earth was formless and empty. Darkness was on the surface of the deep."),
    (3, "For God so loved the world, that he gave his only born Son, that whoever believes in him should not perish."),
]


def test_a_verse_is_found_if_the_query_leaves_out_words() -> None:
    (match,) = words_in_order("god so loved world that gave his only born son", VERSES)

    assert (3, 1.0) == (match.verse_id, match.share)


def test_the_same_words_in_another_order_do_not_match() -> None:
    assert [] == words_in_order("earth the and heavens the created God beginning", VERSES)


def test_a_query_of_few_words_has_no_matches() -> None:
    assert [] == words_in_order("the heavens", VERSES)


def test_the_verse_with_the_closest_words_comes_first() -> None:
    far = (
        4,
        "God was there. Long after that day, and after many others, he created both of them: the heavens and the earth.",
    )

    assert [1, 4] == [match.verse_id for match in words_in_order("God created the heavens and", [far, VERSES[0]])]


def test_words_at_the_start_of_a_verse_do_not_widen_a_match_at_its_end() -> None:
    verse = (5, "The cords of Sheol were around me. The snares of death caught me.")

    assert [5] == [match.verse_id for match in words_in_order("the snares of caught me", [verse])]


@given(st.data())
def test_any_part_of_a_verse_is_a_full_match(data: st.DataObject) -> None:
    verse_id, text = data.draw(st.sampled_from(VERSES))
    words = words_of(text)
    start = data.draw(st.integers(0, len(words) - 4))
    part = words[start : start + data.draw(st.integers(4, len(words)))]

    best = words_in_order(" ".join(part), VERSES)[0]

    assert (verse_id, 1.0, len(part)) == (best.verse_id, best.share, best.width)


def test_words_match_with_either_apostrophe_and_case_and_repeated_words_must_repeat() -> None:
    texts = [
        (1, "DON’T be afraid; don’t be dismayed."),
        (2, "Don't be afraid."),
        (3, "Be afraid, all of you, be afraid!"),
    ]

    matches = words_in_order("don't be afraid don’t be", texts)

    assert [1] == [match.verse_id for match in matches]
    assert 1.0 == matches[0].share
