"""Checks that a Cypher query only reads: a tokenizer for the engine's language, and a list of allowed clauses.

The tokens are those of Kuzu's grammar (Cypher.g4, version 0.11.3). Text is refused if it is not a token, or if it could be
read in two ways. If two parsers read a text differently, the text can hide a command, as `1e5LOAD` hides `LOAD`.
If this check misses a query, the child process still cannot open files (`__main__.py`).
"""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from appliance.infrastructure.graph.interface import GraphQueryRefused

STARTS = frozenset("match optional unwind with return".split())
# Words that may follow a complete expression, such as a name, a number or a closing bracket.
CONTINUATIONS = STARTS | frozenset(
    "acyclic all and as asc ascending by contains desc descending else end ends hint in is join limit multi_join or order "
    "shortest skip starts then trail union when where wshortest xor".split()
)
# Words that do not end an expression, so any word may follow them. All other words can end an expression.
INCOMPLETE = (CONTINUATIONS - frozenset("asc ascending desc descending end".split())) | frozenset(
    ("case", "distinct", "not")
)
# Words that begin a statement which does not only read. To use such a word as a name, put it in backticks everywhere.
FORBIDDEN = frozenset(
    "alter attach begin call checkpoint comment commit copy create delete detach drop explain export force import insert "
    "install load macro merge profile project remove rollback set uninstall update use".split()
)
REMEDY = "Use MATCH, WHERE, WITH, UNWIND and RETURN. Put a name that is a keyword in `backticks`."

_ESCAPE = r"\\(?:[\\'\"bBfFnNrRtT]|[xX][0-9A-Fa-f]{2}|[uU][0-9A-Fa-f]{4})"
_TOKENS = re.compile(
    rf"""
      (?P<space>   [ \t\n\x0b\f\r\x1c-\x1f\u00a0\u1680\u180e\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+
                 | /\* (?: [^*] | \*(?![*/]) )* \*/       # the engine ends a comment with two asterisks at another place
                 | // [^\n\r]* (?: \r?\n | \Z ) )
    | (?P<number>  (?: [0-9]+ (?:\.[0-9]+)? | \.[0-9]+ ) [eE] -? [0-9]+
                 | [0-9]* \.[0-9]+ | [0-9]+ )
    | (?P<string>  "(?: [^"\\] | {_ESCAPE} )*" | '(?: [^'\\] | {_ESCAPE} )*' )
    | (?P<escaped> (?: `[^`]+` )+ )
    | (?P<value>   \$ (?: [^\W\d]\w* | [0-9]+ ) )
    | (?P<word>    [^\W\d]\w* )
    | (?P<sign>    <> | <= | >= | != | =~ | << | >> | \.\. | /(?![*/]) | [-+*%^=<>!|&.,:;(){{}}\[\]]
                 | [\u27e8\u3008\ufe64\uff1c\u27e9\u3009\ufe65\uff1e\u00ad\u2010-\u2015\u2212\ufe58\ufe63\uff0d] )
    """,
    re.VERBOSE,
)


class Token(NamedTuple):
    """A token: its kind (`number`, `string`, `escaped`, `value`, `word`, `name`, `sign`) and text; words in lower case."""

    kind: str
    text: str


DOT, AS, UNION, ALL = Token("sign", "."), Token("word", "as"), Token("word", "union"), Token("word", "all")
# For some tokens, only these words may come next.
REQUIRED_NEXT = {UNION: STARTS | {"all"}, Token("word", "optional"): frozenset({"match"})}
MAX_SHOWN = 40


def check_only_reads(query: str) -> None:
    """Raises GraphQueryRefused if a query could do more than read, or if there are several queries at once."""
    tokens = list(_tokens(query))
    while tokens and tokens[-1] == ("sign", ";"):
        tokens.pop()
    if ("sign", ";") in tokens:
        raise GraphQueryRefused("Several queries at once are not allowed.", remedy="Send one query at a time.")
    forbidden = sorted({token.text for token in tokens if token.kind == "word"} & FORBIDDEN)
    if forbidden:
        raise GraphQueryRefused(f"{forbidden[0].upper()} is not allowed: the graph is read-only.", remedy=REMEDY)
    _check_clauses(tokens)


def _tokens(query: str) -> Iterator[Token]:
    position = 0
    while position < len(query):
        match = _TOKENS.match(query, position)
        if match is None or (match.lastgroup == "word" and not match[0].isascii() and not match[0].isidentifier()):
            raise GraphQueryRefused(
                f"The query cannot be parsed at character {position + 1:,}.",
                remedy="Look for an unclosed quotation mark, backtick or comment, and for unusual characters.",
            )
        position = match.end()
        if match.lastgroup not in {None, "space"}:
            yield Token(str(match.lastgroup), match[0].lower() if match.lastgroup == "word" else match[0])


def _check_clauses(tokens: Sequence[Token]) -> None:
    """Check each word where a clause can begin: it must start or continue a read-only query."""
    if not tokens:
        raise GraphQueryRefused("The query is empty.", remedy=REMEDY)
    expected: frozenset[str] | None = STARTS
    previous, complete = UNION, False
    for raw_token in tokens:
        # After `.` and AS, even a keyword is a name.
        token = Token("name", raw_token.text) if raw_token.kind == "word" and previous in {DOT, AS} else raw_token
        if expected:
            _require(token, expected)
        elif token.kind == "word" and complete:
            _require(token, CONTINUATIONS)
        expected = STARTS if (previous, token) == (UNION, ALL) else REQUIRED_NEXT.get(token)
        previous, complete = token, _is_complete(token, complete=complete)


def _is_complete(token: Token, *, complete: bool) -> bool:
    """Return True if an expression can end with this token. `complete` says if an expression could end one token earlier."""
    if token.kind == "word":
        return token.text not in INCOMPLETE
    if token.kind != "sign":
        return True
    if token.text == "*":
        # After an expression, `*` multiplies; elsewhere, it means "everything".
        return not complete
    return token.text in {")", "]", "}"} or (token.text == "!" and complete)


def _require(token: Token, words: frozenset[str]) -> None:
    if token.kind != "word" or token.text not in words:
        raise GraphQueryRefused(f"{token.text[:MAX_SHOWN]} is not allowed at this place.", remedy=REMEDY)
