"""From what people type to an FTS5 expression that cannot be wrong."""

from hypothesis import given
from hypothesis import strategies as st

from appliance.scripture.search.fts import any_of, parse_query


def expression(text: str) -> str | None:
    query = parse_query(text)
    return query.expression if query else None


def test_words_must_all_be_there() -> None:
    assert '"fear" AND "not"' == expression("fear not")


def test_operators_phrases_and_prefixes() -> None:
    assert '"lamb" OR "sheep"' == expression("lamb OR sheep")
    assert '("lamb") NOT "sheep"' == expression("lamb NOT sheep") == expression("lamb -sheep")
    assert '("lamb" OR "ram") AND "wool"' == expression("lamb OR ram wool")
    assert '"son of man"' == expression('"son of man"')
    assert '"bless" *' == expression("bless*")


def test_a_contraction_is_the_phrase_the_tokenizer_makes_of_it() -> None:
    assert '"don t"' == expression("don't")


def test_decomposed_letters_are_those_people_see() -> None:
    assert '"café"' == expression("cafe\u0301")


def test_what_is_excluded_may_stand_first_but_not_alone() -> None:
    assert '("faith") NOT "works"' == expression("NOT works faith") == expression("-works faith")
    assert expression("NOT works") is None


def test_what_is_no_word_is_no_query() -> None:
    assert [None, None, None] == [expression(text) for text in ("", "!!!", '""')]


def test_loose_matching_leaves_out_words_that_tell_nothing() -> None:
    query = parse_query("what does the bible say about anger")

    assert query is not None
    assert '"anger"' == any_of(query)


def is_unstructured(words: list[str]) -> bool:
    query = parse_query(" ".join(words))
    return query is not None and not query.structured


@given(st.lists(st.from_regex(r"[a-z]{2,8}", fullmatch=True), min_size=1, max_size=8).filter(is_unstructured))
def test_a_respelt_query_is_what_the_right_words_would_be(words: list[str]) -> None:
    corrections = {words[0]: "shepherd"}
    typed, meant = parse_query(" ".join(words)), parse_query(" ".join(corrections.get(word, word) for word in words))

    assert typed is not None
    assert meant == typed.respelt(corrections)
