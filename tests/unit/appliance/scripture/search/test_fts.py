"""Turning typed queries into valid FTS5 expressions."""

from hypothesis import given
from hypothesis import strategies as st

from appliance.scripture.search.fts import loose_expression, parse_query


def expression(text: str) -> str | None:
    query = parse_query(text)
    return query.expression if query else None


def test_all_words_are_required() -> None:
    assert '"fear" AND "not"' == expression("fear not")


def test_operators_phrases_and_prefixes() -> None:
    assert '"lamb" OR "sheep"' == expression("lamb OR sheep")
    assert '("lamb") NOT "sheep"' == expression("lamb NOT sheep") == expression("lamb -sheep")
    assert '("lamb" OR "ram") AND "wool"' == expression("lamb OR ram wool")
    assert '"son of man"' == expression('"son of man"')
    assert '"bless" *' == expression("bless*")


def test_a_contraction_becomes_a_phrase() -> None:
    assert '"don t"' == expression("don't")


def test_decomposed_letters_are_composed() -> None:
    assert '"café"' == expression("cafe\u0301")


def test_an_excluded_word_may_come_first_but_not_alone() -> None:
    assert '("faith") NOT "works"' == expression("NOT works faith") == expression("-works faith")
    assert expression("NOT works") is None


def test_a_text_without_words_is_not_a_query() -> None:
    assert [None, None, None] == [expression(text) for text in ("", "!!!", '""')]


def test_a_loose_expression_leaves_out_stop_words() -> None:
    query = parse_query("what does the bible say about anger")

    assert query is not None
    assert '"anger"' == loose_expression(query)


def is_unstructured(words: list[str]) -> bool:
    query = parse_query(" ".join(words))
    return query is not None and not query.structured


@given(st.lists(st.from_regex(r"[a-z]{2,8}", fullmatch=True), min_size=1, max_size=8).filter(is_unstructured))
def test_a_corrected_query_equals_the_query_with_the_right_words(words: list[str]) -> None:
    corrections = {words[0]: "shepherd"}
    typed, expected = parse_query(" ".join(words)), parse_query(" ".join(corrections.get(word, word) for word in words))

    assert typed is not None
    assert expected == typed.corrected(corrections)


def test_a_word_in_quotation_marks_is_searched_exactly_as_typed() -> None:
    quoted, plain = parse_query('"lamb"'), parse_query("lamb")

    assert quoted is not None
    assert plain is not None
    assert (quoted.expression, quoted.words) == (plain.expression, plain.words)
    assert (True, False) == (quoted.structured, plain.structured)
