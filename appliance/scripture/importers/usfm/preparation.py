"""USFM before its markers are read: numbers of words go in front of them, and what is not of the text goes.

Every step takes time in proportion to the text, also where markers are opened and never closed.
"""

import re
from collections.abc import Callable

# Alternative numbers, figures, quoted sources, sidebars: dropped with their content, up to the marker that closes them.
_DROPPED = re.compile(r"\\(va|vp|ca|fig|rq|esb)\b(?!\*)")
# `\qt-s |who="Pilate"\*`, `\ts\*`: points in the text, of USFM 3.
_MILESTONE = re.compile(r"\\[a-z]+\d*(?:-[se])?\b[^\\\n]*\\\*")
_WORD = re.compile(r"\\(\+?)w\s+")
# What a character style says of itself before it closes.
_ATTRIBUTES = re.compile(r"\|[^\\\n]*")
_CLOSING = re.compile(r"\\\+?[a-z]+\d*\*")
# The signs around a word: its Strong's numbers follow the first, the word itself the second.
WORD_START, WORD_BODY, WORD_END = "\ue000", "\ue001", "\ue002"
_NO_WORD_SIGNS = dict.fromkeys(map(ord, (WORD_START, WORD_BODY, WORD_END)))
_STRONG = re.compile(r'strong="([GH]\d+)"')


def prepare(text: str) -> str:
    """The text with the Strong's numbers in front of their words, and without the markers of other matter."""
    text = _replaced(text.translate(_NO_WORD_SIGNS), _DROPPED, _end_of_dropped, lambda _content: "")
    text = _replaced(_MILESTONE.sub("", text), _WORD, lambda word: f"\\{word[1]}w*", _marked_word)
    text = _ATTRIBUTES.sub(lambda found: "" if _CLOSING.match(text, found.end()) else found[0], text)
    return text.replace("~", "\u00a0").replace("//", " ")


def _replaced(
    text: str, opening: re.Pattern[str], closing: Callable[[re.Match[str]], str], replace: Callable[[str], str]
) -> str:
    """Replace what is between an opening and its closing marker, and both; one that is not closed stays."""
    kept: list[str] = []
    at, not_closed = 0, set[str]()
    for found in opening.finditer(text):
        end = closing(found)
        if found.start() < at or end in not_closed:
            continue
        closed = text.find(end, found.end())
        if closed < 0:
            not_closed.add(end)
            continue
        kept += [text[at : found.start()], replace(text[found.end() : closed])]
        at = closed + len(end)
    return "".join([*kept, text[at:]])


def _end_of_dropped(opening: re.Match[str]) -> str:
    return r"\esbe" if opening[1] == "esb" else f"\\{opening[1]}*"


def _marked_word(content: str) -> str:
    """A word with its Strong's numbers in front, from `word|strong="G25"`."""
    bar = content.find("|", content.rfind("\\") + 1)
    word, attributes = (content[:bar], content[bar:]) if bar >= 0 else (content, "")
    return f"{WORD_START}{' '.join(_STRONG.findall(attributes))}{WORD_BODY}{word}{WORD_END}"
