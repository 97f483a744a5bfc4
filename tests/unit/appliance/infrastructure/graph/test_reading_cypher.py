"""Which queries only read: decided by the engine's tokens, not by the look of the text."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from appliance.infrastructure.graph.interface import GraphQueryRefused
from appliance.infrastructure.graph.reading_cypher import FORBIDDEN, check_only_reads

READING = [
    "MATCH (v:Verse)<-[:CITES]-(t:Topic) WHERE v.id > 19023000 RETURN t.name, count(*) AS n ORDER BY n DESC, t.name LIMIT 9",
    "MATCH (:Verse {osis: 'John.3.16'})-[:USES]->(w:Lemma) WHERE w.verses < 50 RETURN w.strongs, w.lemma;",
    "MATCH p = (a)-[r:ROAD* SHORTEST 1..3]->(b) RETURN p",
    "MATCH (a)-[* ALL SHORTEST 1..3]-(b) RETURN *",
    "MATCH (a)-[e:R*1..2 (r, n | WHERE r.x > 1)]->(b) RETURN a.*, b.limit AS order ORDER BY order",
    "RETURN CASE WHEN 1 < 2 THEN 'a' ELSE \"b\\u0041\" END AS x UNION ALL RETURN 'c' AS x",
    "OPTIONAL MATCH (a) WHERE a.name STARTS WITH 'x' OR a.name =~ 'y' RETURN DISTINCT a SKIP 1 LIMIT $n",
    "UNWIND [1, 2] AS x WITH x WHERE x IS NOT NULL AND NOT x = 1e5 RETURN list_transform([1], y -> y + 1), 3! AS f",
    "MATCH (a) WHERE EXISTS { MATCH (a)-->(b) WHERE b.x IN [1] } RETURN COUNT { MATCH (a)--(b) }, CAST(a.x AS INT64)",
    "RETURN all(x IN [1] WHERE x > 0), [1, 2, 3][1:2], .5, 1.5e-3, 2E5, $a, -1 ^ 2 // the end",
    "/* a */ return 1 /* b * c */ as ünïcode\u2028// line\r\n",
    "WITH * MATCH (node) RETURN node.type",
    "MATCH (a)-[:R|S]-(b) WITH a, count(b) AS n WHERE n > 1 RETURN a UNION MATCH (a) RETURN a",
    "MATCH (city {name: 'delete; copy `load`'}) RETURN city.name AS `create`, \"it's // no comment\" AS b",
]


@pytest.mark.parametrize("query", READING)
def test_queries_that_read_are_accepted(query: str) -> None:
    check_only_reads(query)


@pytest.mark.parametrize(
    "query",
    [
        "UNWIND [1] AS x WITH x WHERE x < 1e5LOAD FROM 'tls/server.key' (file_format='csv', header=false) RETURN column0",
        "UNWIND [1] AS x WITH x WHERE x < 1E5CALL show_tables() RETURN *",
        "UNWIND [1] AS x WITH x WHERE x < 2.5e0CALL show_tables() RETURN *",
        "WITH 1e1CALL show_tables() RETURN *",
        "WITH .5LOAD FROM 'x' RETURN *",
        "WITH 1.LOAD FROM 'x' RETURN *",
        "WITH 0x1LOAD FROM 'x' RETURN *",
        "RETURN 1 AS a UNION ALL LOAD FROM 'x' RETURN *",
        "OPTIONAL CALL show_tables() RETURN *",
        "EXPLAIN LOAD FROM 'x' RETURN *",
        "MATCH (a) RETURN a.`name`LOAD FROM 'x'",
        "MATCH (a) WITH 'a'LOAD FROM 'x' RETURN *",
        'MATCH (a) WITH "\\""LOAD FROM \'x\' RETURN *',
        "MATCH (a)LOAD FROM 'x' RETURN *",
        "MATCH (a)/**/LOAD//\nFROM 'x' RETURN *",
        "MATCH (a)\u00a0LoAd\u2028FROM 'x' RETURN *",
        "MATCH (a) RETURN a; LOAD FROM 'x' RETURN *",
    ],
)
def test_hidden_clauses_are_refused(query: str) -> None:
    with pytest.raises(GraphQueryRefused):
        check_only_reads(query)


@pytest.mark.parametrize(
    "query",
    [
        "WITH 1e5FETCH FROM 'x' RETURN *",
        "MATCH (a) FETCH 'x' RETURN a",
        "WITH * FETCH 'x'",
        "WITH 3!FETCH x",
        "MATCH (a) WITH a.*FETCH x",
        "WITH 1 AS x ORDER BY x DESC FETCH 'x' RETURN *",
        "WITH a.limit FETCH 'x' RETURN *",
        "RETURN 1 UNION FETCH 'x'",
        "RETURN 1 UNION ALL FETCH 'x'",
        "OPTIONAL FETCH 'x'",
        "ALL MATCH (a) RETURN a",
        "(MATCH (a) RETURN a)",
        "`match` (a) RETURN a",
        " // only a comment",
        "",
    ],
)
def test_an_unknown_clause_is_refused_at_every_place(query: str) -> None:
    with pytest.raises(GraphQueryRefused, match=r"not allowed at this place|empty"):
        check_only_reads(query)


@pytest.mark.parametrize(
    "query",
    [
        # In the engine, two asterisks do not end the comment.
        "RETURN 1 /* **/ , ' /* */ LOAD FROM \"x\" //'",
        "RETURN 1 /***/",
        "RETURN 1 /* open",
        "RETURN 1 // ended by one kind of engine only\rLOAD FROM 'x'",
        "RETURN 'open",
        'RETURN "open',
        "RETURN `open",
        "RETURN ``",
        "RETURN '\\q' AS x",
        "RETURN '\\u00' AS x",
        "RETURN x²LOAD",
        "RETURN ١LOAD",
        "RETURN 1 # 2",
        "RETURN a\x00b",
        "RETURN a\x85b",
        "RETURN \ufeff1",
        "RETURN \ud800",
    ],
)
def test_ambiguous_text_is_refused(query: str) -> None:
    with pytest.raises(GraphQueryRefused, match="cannot be parsed at character"):
        check_only_reads(query)


def test_a_name_that_is_a_command_needs_backticks() -> None:
    for word in FORBIDDEN:
        check_only_reads(f"MATCH (`{word}`) RETURN `{word}`.`{word}` AS `{word.upper()}`")
        with pytest.raises(GraphQueryRefused, match=f"^{word.upper()} is not allowed"):
            check_only_reads(f"MATCH (a) RETURN a.{word.title()}")


def any_case(word: str) -> st.SearchStrategy[str]:
    return st.tuples(*(st.sampled_from((letter.lower(), letter.upper())) for letter in word)).map("".join)


@given(
    before=st.sampled_from(
        ("1", "007", "1e5", "1E-5", "2.5e0", ".5", "0x", "x", "'x'", '"\\\\"', "`x`", "$x", ")", "]", "}", "*")
    ),
    between=st.sampled_from(("", " ", "\t", "\r\n", "\u3000", "/**/", "/* ' */", '// "\n')),
    word=st.sampled_from(sorted(FORBIDDEN)).flatmap(any_case),
    after=st.sampled_from((" ", "\n", "/* x */", "(", "'x'", "`x`", "")),
)
def test_no_adjacent_token_hides_a_command(before: str, between: str, word: str, after: str) -> None:
    assume(between or before not in {"x", "$x"})  # `xset` and `$xset` are longer names, not commands
    with pytest.raises(GraphQueryRefused):
        check_only_reads(f"MATCH (a) WITH {before}{between}{word}{after} FROM 'x' RETURN *")
