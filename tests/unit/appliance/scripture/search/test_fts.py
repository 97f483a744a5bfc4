"""From what people type to an FTS5 expression that cannot be wrong."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.infrastructure.database import Database
from appliance.scripture.search.candidates import Span, by_words
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


def test_no_length_is_an_sql_error(full_library: Database) -> None:
    for text in ("word " * 200, "a OR b AND " * 80, "-x y " * 200, "love OR " * 120):
        query = parse_query(text)
        assert query is not None
        by_words(full_library.reader, query, "WEB", Span(), 5, loose=True)


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


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=300)
@given(
    st.text(
        alphabet=st.sampled_from(list("ab é\"'*()^:-+{}[]\\/;%_,.<>=&|~!?#@$`\0ΑΩא")) | st.characters(), max_size=60
    )
)
def test_nothing_people_type_is_an_sql_error(full_library: Database, text: str) -> None:
    query = parse_query(text)
    if query:
        by_words(full_library.reader, query, "WEB", Span(), 5, loose=True)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.lists(
        st.sampled_from(["AND", "OR", "NOT", "NEAR", "love", "-love", '"', "(", ")", "text:", "*", "^"]), max_size=8
    ).map(" ".join)
)
def test_no_order_of_operators_is_an_sql_error(full_library: Database, text: str) -> None:
    query = parse_query(text)
    if query:
        by_words(full_library.reader, query, "WEB", Span(), 5, loose=True)


def test_the_full_text_index_drives_the_plan(full_library: Database) -> None:
    from appliance.scripture.search.candidates import KEYWORD

    parameters = {"expression": 'text : ("god")', "translation": "WEB", "first": 0, "last": 10**9, "limit": 10}
    plan = [str(row[3]) for row in full_library.reader.rows(f"EXPLAIN QUERY PLAN {KEYWORD}", parameters)]

    assert "VIRTUAL TABLE INDEX" in plan[0]
    assert "USING INTEGER PRIMARY KEY" in plan[1]
