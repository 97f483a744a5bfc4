"""From what people type to an FTS5 expression that cannot be wrong.

Understood: words, `"quoted phrases"`, `prefix*`, `AND`, `OR`, `NOT` or `-word` (in capitals, as FTS5 has them). All
else is text. Words without operators are matched all together first; see `any_of`.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping

import msgspec

# More terms than any question has; FTS5's parser has a stack of its own to overflow.
MAX_TERMS = 48
# Words of a long query that are looked for: common ones among them cost the most and say the least.
MAX_TELLING_WORDS = 8
_TOKEN = re.compile(r'"([^"]*)"?|(\S+)')
# Letters with the marks that stand above and below them: pointed Hebrew, accented Greek.
_WORD = re.compile(r"\w(?:\w|[\u0300-\u036f\u0591-\u05c7])*", re.UNICODE)
_STOP_WORDS = frozenset(
    "a about an and are as at be by did do does for from had has have how i in is it me my not of on or our say says "
    "that the their they this to was we were what when where which who whom why will with you your bible "
    "hath shall shalt thee thou thy unto upon ye".split()
)


class TextQuery(msgspec.Struct, frozen=True):
    """An FTS5 expression over the column `text`, and the plain words in it for highlighting.

    `structured` queries mean what they say and are not loosened; one that `excludes` says what must not be there.
    """

    expression: str
    words: tuple[str, ...]
    structured: bool
    excludes: bool = False

    def respelt(self, corrections: Mapping[str, str]) -> "TextQuery":
        """The same query with other words for some; only for one that is not structured."""
        words = tuple(corrections.get(word, word) for word in self.words)
        return msgspec.structs.replace(self, expression=" AND ".join(map(_quoted, words)), words=words)


class _Term(msgspec.Struct, frozen=True):
    expression: str
    words: tuple[str, ...]


def parse_query(text: str) -> TextQuery | None:
    """The expression that a query asks for, or None where it asks for no word. At most 48 terms are read."""
    terms: list[tuple[str, _Term]] = []
    pending = ""
    for phrase, typed in _TOKEN.findall(unicodedata.normalize("NFC", text)):
        if (typed == "NOT" or (typed in ("AND", "OR") and terms)) and not pending:
            pending = typed
            continue
        negated = typed.startswith("-") and len(typed) > 1
        term = _phrase(phrase) if not typed else _token(typed.lstrip("-") if negated else typed)
        if term is None:
            continue
        terms.append(("NOT" if negated else pending, term))
        pending = ""
        if len(terms) == MAX_TERMS:
            break
    # What is excluded stands behind what is asked for, wherever it was typed.
    terms.sort(key=lambda term: term[0] == "NOT")
    if not terms or terms[0][0] == "NOT":
        return None
    structured = any(operator or " " in term.expression or "*" in term.expression for operator, term in terms)
    words = tuple(word for operator, term in terms if operator != "NOT" for word in term.words)
    return TextQuery(_expression(terms), words, structured, excludes=terms[-1][0] == "NOT")


def _expression(terms: list[tuple[str, "_Term"]]) -> str:
    """Terms from left to right; a run of one operator is one level, however long."""
    expression, level = terms[0][1].expression, ""
    for operator, term in terms[1:]:
        joined = operator or "AND"
        if level not in ("", joined) or joined == "NOT":
            expression = f"({expression})"
        expression, level = f"{expression} {joined} {term.expression}", joined
    return expression


def any_of(query: TextQuery) -> str:
    """An expression that any of the telling words satisfies, for ranking by BM25."""
    return " OR ".join(_quoted(word) for word in most_telling_words(query))


def most_telling_words(query: TextQuery, frequency: Callable[[str], int] = lambda _word: 0) -> list[str]:
    """The telling words, none twice; of many, the rarest."""
    words = list(dict.fromkeys(telling_words(query)))
    return sorted(words, key=frequency)[:MAX_TELLING_WORDS] if len(words) > MAX_TELLING_WORDS else words


def telling_words(query: TextQuery) -> list[str]:
    """The words of a query without those that every question has, or all where there are no others."""
    return [word for word in query.words if word.lower() not in _STOP_WORDS] or list(query.words)


def stem(word: str) -> str:
    """A beginning shared by the forms of an English word: near enough to what the index matches, where it is not asked."""
    word = word.lower()
    for ending in ("ing", "ies", "ed", "es", "s", "y", "e"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word


def _phrase(phrase: str) -> _Term | None:
    found = tuple(_WORD.findall(phrase))
    return _Term(_quoted(" ".join(found)), found) if found else None


def _token(token: str) -> _Term | None:
    found = tuple(_WORD.findall(token))
    if not found:
        return None
    star = "*" if token.endswith("*") else ""
    if len(found) == 1:
        return _Term(_quoted(found[0]) + (f" {star}" if star else ""), found)
    # "don't" and "so-called" are words that the tokenizer cuts: matched as the phrase it makes of them.
    return _Term(_quoted(" ".join(found)) + (f" {star}" if star else ""), found)


def _quoted(words: str) -> str:
    return f'"{words}"'
