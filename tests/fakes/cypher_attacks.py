"""Generates Cypher queries that hide a command with numbers, comments, escapes, Unicode, line breaks and letter case."""

from hypothesis import strategies as st

SEPARATORS = (
    "",
    " ",
    "\n",
    "\r\n",
    "\t",
    "\x0b",
    "\x1f",
    "\u00a0",
    "\u180e",
    "\u2028",
    "\u3000",
    "/**/",
    "/* x */",
    "/***/",
    "/* ' */",
    "/* **/ ' /* */",
    "// x\n",
    "// '\r\n",
    "//x\r",
    "\u200b",
    "\x00",
    ";",
)
NUMBERS = (
    "1",
    "007",
    "1e5",
    "1E5",
    "2.5e0",
    ".5",
    "1e-3",
    "1e+3",
    "0x1F",
    "1_000",
    "1.",
    "1..2",
    "12.5E10",
    "0b1",
    "9" * 30,
)
STRINGS = (
    "''",
    "'a'",
    '"a"',
    r"'\''",
    r'"\""',
    r"'\\'",
    r"'\u0041'",
    r"'\U00000041'",
    r"'\q'",
    r"'\x4c'",
    "'\n'",
    "'\"'",
    "'//'",
    "'/*'",
    "'é\u2028'",
    "'a''b'",
)
NAMES = (
    "x",
    "`x`",
    "`a``b`",
    "x.y",
    "x.`load`",
    "ünïcode",
    "x²",
    "limit",
    "load",
    "$x",
    "*",
    "null",
    "x!",
    "[1]",
    "{a: 1}",
)
# Texts that can come before a clause. `{}` is replaced by a complete expression.
HEADS = (
    "UNWIND [1] AS x WITH x WHERE x < {}",
    "UNWIND [1] AS x WITH x WHERE x <> {}",
    "WITH {}",
    "WITH 1 AS a, {} AS x",
    "MATCH (x) WITH x ORDER BY {}",
    "MATCH (x) WITH x LIMIT {}",
    "RETURN {}",
    "MATCH (x:City {{name: {}}})",
    "OPTIONAL",
    "UNWIND [1, {}] AS x",
    "WITH 1 AS x ORDER BY x DESC",
    "RETURN 1 AS a UNION ALL",
    "RETURN {} UNION",
    "MATCH (x) WHERE EXISTS {{ MATCH (x)-->(y) WHERE y.people < {}",
    "",
    "EXPLAIN",
    "PROFILE",
    "RETURN 1;",
    "MATCH (x)-[e:ROAD* SHORTEST 1..2]->(y) WHERE x.people = {}",
)
# `%(file)s` is a file with a secret, `%(folder)s` is a writable folder, `%(port)s` is a port with a listening server.
COMMANDS = (
    "LOAD FROM '%(file)s' (file_format='csv', header=false) RETURN column0",
    "LOAD WITH HEADERS (a STRING) FROM '%(file)s' (header=false) RETURN a",
    "LOAD FROM glob('%(folder)s/*') (file_format='csv', header=false) RETURN *",
    "LOAD FROM 'http://127.0.0.1:%(port)s/x.csv' RETURN *",
    "LOAD EXTENSION '%(folder)s/x.so'",
    "LOAD FROM sys RETURN *",
    "CALL show_tables() RETURN *",
    "CALL json_scan('%(file)s') RETURN *",
    "CALL home_directory='%(folder)s'",
    "CALL spill_to_disk=true",
    "COPY City FROM '%(file)s'",
    "COPY (MATCH (c:City) RETURN c.name) TO '%(folder)s/out.csv'",
    "EXPORT DATABASE '%(folder)s/export'",
    "IMPORT DATABASE '%(folder)s/export'",
    "ATTACH '%(file)s' AS other (dbtype kuzu)",
    "INSTALL httpfs",
    "FORCE INSTALL httpfs FROM 'http://127.0.0.1:%(port)s/'",
    "UPDATE httpfs",
    "CREATE (:City {name: 'Tyre', people: 1})",
    "MATCH (c:City) DELETE c",
    "CHECKPOINT",
    "MATCH (c:City {name: 'City 1'}) RETURN c.people",
    "RETURN 1",
)


def _spelled(command: str) -> st.SearchStrategy[str]:
    """The command with its first word in any case. Some letters may be other letters that look the same or fold to them."""
    word, space, rest = command.partition(" ")
    folding = {"s": "s\u017f", "k": "k\u212a", "i": "i\u0131", "a": "a\u0430"}
    letters = [st.sampled_from(letter.lower() + letter.upper()) for letter in word]
    lookalikes = [st.sampled_from(folding.get(letter.lower(), letter)) for letter in word]
    spelled = st.tuples(*letters).map("".join)
    return st.one_of(spelled, spelled, spelled, st.tuples(*lookalikes).map("".join)).map(
        lambda text: text + space + rest
    )


def _quoted_or_spaced(command: str) -> st.SearchStrategy[str]:
    spaced = st.sampled_from(SEPARATORS).map(lambda separator: command.replace(" ", separator or " ", 1))
    return st.one_of(st.just(command), spaced, st.sampled_from((f"'{command}'", f"`{command}`", f"/* {command} */")))


def attacks() -> st.SearchStrategy[str]:
    """Queries with the placeholders `%(file)s`, `%(folder)s` and `%(port)s`, to be filled in with the `%` operator."""
    complete = st.sampled_from((*NUMBERS, *STRINGS, *NAMES))
    heads = st.tuples(st.sampled_from(HEADS), complete).map(lambda pair: pair[0].format(pair[1]))
    commands = st.sampled_from(COMMANDS).flatmap(_spelled).flatmap(_quoted_or_spaced)
    tails = st.sampled_from(("", "", "", " RETURN 1", "}", ";", " // x", " /*"))
    return st.tuples(heads, st.sampled_from(SEPARATORS), commands, tails).map("".join)
