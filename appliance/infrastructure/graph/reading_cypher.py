"""Whether a query in Cypher only reads: a tokenizer of the engine's language and a list of the clauses that are allowed.

The tokens are those of Kuzu's own grammar (Cypher.g4, version 0.11.3). What is no token of it, or could be read in two ways, is
refused: a difference between two readers of one language is where a command hides, as `LOAD` does in `1e5LOAD`.
The process that answers can reach no files even where this fails (`__main__.py`).
"""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from appliance.infrastructure.graph.asking import QuestionRefused

STARTS = frozenset("match optional unwind with return".split())
# Words that may follow something complete, such as a name, a number or a closing bracket.
CONTINUATIONS = STARTS | frozenset(
    "acyclic all and as asc ascending by contains desc descending else end ends hint in is join limit multi_join or order "
    "shortest skip starts then trail union when where wshortest xor".split()
)
# Words that leave something to come, so that any word may follow them. Every other word is complete.
INCOMPLETE = (CONTINUATIONS - frozenset("asc ascending desc descending end".split())) | frozenset(
    ("case", "distinct", "not")
)
# Words that begin a statement which does more than read. A name that is such a word needs backticks everywhere.
FORBIDDEN = frozenset(
    "alter attach begin call checkpoint comment commit copy create delete detach drop explain export force import insert "
    "install load macro merge profile project remove rollback set uninstall update use".split()
)
REMEDY = "Ask with MATCH, WHERE, WITH, UNWIND and RETURN; put a name that is such a word in `backticks`."

_ESCAPE = r"\\(?:[\\'\"bBfFnNrRtT]|[xX][0-9A-Fa-f]{2}|[uU][0-9A-Fa-f]{4})"
_TOKENS = re.compile(
    rf"""
      (?P<space>   [ \t\n\x0b\f\r\x1c-\x1f\u00a0\u1680\u180e\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+
                 | /\* (?: [^*] | \*(?![*/]) )* \*/       # the engine ends a comment with two asterisks elsewhere than others
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
    """A token: its kind (`number`, `string`, `escaped`, `value`, `word`, `name`, `sign`) and its text, of a word in small letters."""

    kind: str
    text: str


DOT, AS, UNION, ALL = Token("sign", "."), Token("word", "as"), Token("word", "union"), Token("word", "all")
# What must come next.
NEXT = {UNION: STARTS | {"all"}, Token("word", "optional"): frozenset({"match"})}
MAX_SHOWN = 40


def check_only_reads(query: str) -> None:
    """Raises QuestionRefused for a query that could do more than read, and for several at once."""
    tokens = list(_tokens(query))
    while tokens and tokens[-1] == ("sign", ";"):
        tokens.pop()
    if ("sign", ";") in tokens:
        raise QuestionRefused("One question at a time is answered.", remedy="Ask the questions one after another.")
    forbidden = sorted({token.text for token in tokens if token.kind == "word"} & FORBIDDEN)
    if forbidden:
        raise QuestionRefused(f"{forbidden[0].upper()} is not accepted: the graph is only read.", remedy=REMEDY)
    _check_clauses(tokens)


def _tokens(query: str) -> Iterator[Token]:
    position = 0
    while position < len(query):
        match = _TOKENS.match(query, position)
        if match is None or (match.lastgroup == "word" and not match[0].isascii() and not match[0].isidentifier()):
            raise QuestionRefused(
                f"The question cannot be read from its character {position + 1:,} on.",
                remedy="Look for a quotation mark, a backtick or a comment that is not closed, and for unusual characters.",
            )
        position = match.end()
        if match.lastgroup not in {None, "space"}:
            yield Token(str(match.lastgroup), match[0].lower() if match.lastgroup == "word" else match[0])


def _check_clauses(tokens: Sequence[Token]) -> None:
    """Every word that stands where a clause can begin must be one that starts or continues a query that reads."""
    if not tokens:
        raise QuestionRefused("The question is empty.", remedy=REMEDY)
    expected: frozenset[str] | None = STARTS
    previous, complete = UNION, False
    for read in tokens:
        # After `.` and AS even a keyword is a name.
        token = Token("name", read.text) if read.kind == "word" and previous in {DOT, AS} else read
        if expected:
            _require(token, expected)
        elif token.kind == "word" and complete:
            _require(token, CONTINUATIONS)
        expected = STARTS if (previous, token) == (UNION, ALL) else NEXT.get(token)
        previous, complete = token, _is_complete(token, complete=complete)


def _is_complete(token: Token, *, complete: bool) -> bool:
    """Whether something can end with this token. `complete` says whether something ended with the token before it."""
    if token.kind == "word":
        return token.text not in INCOMPLETE
    if token.kind != "sign":
        return True
    if token.text == "*":
        # After something it multiplies; elsewhere it stands for everything.
        return not complete
    return token.text in {")", "]", "}"} or (token.text == "!" and complete)


def _require(token: Token, words: frozenset[str]) -> None:
    if token.kind != "word" or token.text not in words:
        raise QuestionRefused(f"{token.text[:MAX_SHOWN]} is not accepted at its place.", remedy=REMEDY)
