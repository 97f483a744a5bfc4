"""Turns a typed query into an FTS5 expression that is always valid.

Supported are words, `"quoted phrases"`, `prefix*`, `AND`, `OR`, `NOT` (in capitals, as in FTS5) and `-word`. Everything else
is plain text. Without operators, a verse must contain all words. With `loose_expression`, a verse must contain only one.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping

import msgspec

# No real query has so many terms. A longer expression could overflow the stack of FTS5's parser.
MAX_TERMS = 48
# If a query has more content words, only the rarest are searched: common words cost the most time and help the least.
MAX_CONTENT_WORDS = 8
_TOKEN = re.compile(r'"([^"]*)"?|(\S+)')
# Letters, also with combining marks, as in pointed Hebrew and accented Greek.
_WORD = re.compile(r"\w(?:\w|[\u0300-\u036f\u0591-\u05c7])*", re.UNICODE)
_STOP_WORDS = frozenset(
    "a about an and are as at be by did do does for from had has have how i in is it me my not of on or our say says "
    "that the their they this to was we were what when where which who whom why will with you your bible "
    "hath shall shalt thee thou thy unto upon ye".split()
)


class TextQuery(msgspec.Struct, frozen=True):
    """An FTS5 expression for the column `text`, and the plain words of the query for highlighting.

    `structured` is true if the query has phrases or operators. Such a query is searched exactly as typed. `excludes` is true if
    the query has words that a verse must not contain.
    """

    expression: str
    words: tuple[str, ...]
    structured: bool
    excludes: bool = False

    def corrected(self, corrections: Mapping[str, str]) -> "TextQuery":
        """Return the query with misspelt words replaced. The query must not be structured."""
        words = tuple(corrections.get(word, word) for word in self.words)
        return msgspec.structs.replace(self, expression=" AND ".join(map(_quoted, words)), words=words)


class _Term(msgspec.Struct, frozen=True):
    expression: str
    words: tuple[str, ...]


def parse_query(text: str) -> TextQuery | None:
    """Parse a typed query. Return None if it has no word to search for. Only the first 48 terms are read."""
    terms: list[tuple[str, _Term]] = []
    pending, has_quotes = "", False
    for phrase, typed in _TOKEN.findall(unicodedata.normalize("NFC", text)):
        if (typed == "NOT" or (typed in ("AND", "OR") and terms)) and not pending:
            pending = typed
            continue
        negated = typed.startswith("-") and len(typed) > 1
        term = _phrase(phrase) if not typed else _token(typed.lstrip("-") if negated else typed)
        if term is None:
            continue
        terms.append(("NOT" if negated else pending, term))
        pending, has_quotes = "", has_quotes or not typed
        if len(terms) == MAX_TERMS:
            break
    # In FTS5, excluded terms must come after the other terms.
    terms.sort(key=lambda term: term[0] == "NOT")
    if not terms or terms[0][0] == "NOT":
        return None
    has_syntax = any(operator or " " in term.expression or "*" in term.expression for operator, term in terms)
    words = tuple(word for operator, term in terms if operator != "NOT" for word in term.words)
    return TextQuery(_expression(terms), words, has_quotes or has_syntax, excludes=terms[-1][0] == "NOT")


def _expression(terms: list[tuple[str, "_Term"]]) -> str:
    """Join terms from left to right. Several equal operators in a row share one pair of parentheses."""
    expression, previous_operator = terms[0][1].expression, ""
    for typed_operator, term in terms[1:]:
        operator = typed_operator or "AND"
        if previous_operator not in ("", operator) or operator == "NOT":
            expression = f"({expression})"
        expression, previous_operator = f"{expression} {operator} {term.expression}", operator
    return expression


def loose_expression(query: TextQuery) -> str:
    """Return an expression that matches any of the content words, for ranking by BM25."""
    return " OR ".join(_quoted(word) for word in rarest_content_words(query))


def rarest_content_words(query: TextQuery, frequency: Callable[[str], int] = lambda _word: 0) -> list[str]:
    """Return the content words without duplicates. If there are more than 8, return only the rarest."""
    words = list(dict.fromkeys(content_words(query)))
    return sorted(words, key=frequency)[:MAX_CONTENT_WORDS] if len(words) > MAX_CONTENT_WORDS else words


def content_words(query: TextQuery) -> list[str]:
    """Return the words of a query without stop words. If all words are stop words, return all of them."""
    return [word for word in query.words if word.lower() not in _STOP_WORDS] or list(query.words)


def stem(word: str) -> str:
    """Return a prefix that the forms of an English word share.

    It is similar to the stem in the full-text index, but this function does not need the index.
    """
    word = word.lower()
    for ending in ("ing", "ies", "ed", "es", "s", "y", "e"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word


def _phrase(phrase: str) -> _Term | None:
    words = tuple(_WORD.findall(phrase))
    return _Term(_quoted(" ".join(words)), words) if words else None


def _token(token: str) -> _Term | None:
    words = tuple(_WORD.findall(token))
    if not words:
        return None
    # The tokenizer splits words such as "don't" and "so-called", so the parts of these words are searched as a phrase.
    return _Term(_quoted(" ".join(words)) + (" *" if token.endswith("*") else ""), words)


def _quoted(words: str) -> str:
    return f'"{words}"'
