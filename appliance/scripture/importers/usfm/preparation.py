"""Prepares USFM before its markers are read: moves Strong's numbers before their words, and removes content that is not text.

The time of each step grows linearly with the length of the text, even if markers are not closed.
"""

import re
from collections.abc import Callable

# Alternative numbers, figures, quoted sources and sidebars. They are removed with their content and their closing marker.
_DROPPED = re.compile(r"\\(va|vp|ca|fig|rq|esb)\b(?!\*)")
# Milestones of USFM 3: `\qt-s |who="Pilate"\*`, `\ts\*`.
_MILESTONE = re.compile(r"\\[a-z]+\d*(?:-[se])?\b[^\\\n]*\\\*")
_WORD = re.compile(r"\\(\+?)w\s+")
# The attributes of a character style. They are before its closing marker.
_ATTRIBUTES = re.compile(r"\|[^\\\n]*")
_CLOSING = re.compile(r"\\\+?[a-z]+\d*\*")
# Control characters around a word. After the first character come the Strong's numbers of the word, after the second the
# word. The third ends it.
WORD_START, WORD_BODY, WORD_END = "\ue000", "\ue001", "\ue002"
_REMOVE_WORD_SIGNS = dict.fromkeys(map(ord, (WORD_START, WORD_BODY, WORD_END)))
_STRONG = re.compile(r'strong="([GH]\d+)"')


def prepare(text: str) -> str:
    """Return the text with Strong's numbers before their words, and without the markers of other content."""
    text = _replaced(text.translate(_REMOVE_WORD_SIGNS), _DROPPED, _end_of_dropped, lambda _content: "")
    text = _replaced(_MILESTONE.sub("", text), _WORD, lambda word: f"\\{word[1]}w*", _marked_word)
    text = _ATTRIBUTES.sub(lambda match: "" if _CLOSING.match(text, match.end()) else match[0], text)
    return text.replace("~", "\u00a0").replace("//", " ")


def _replaced(
    text: str, opening: re.Pattern[str], closing: Callable[[re.Match[str]], str], replace: Callable[[str], str]
) -> str:
    """Replace opening markers, their closing markers, and the content between. A marker that is not closed stays."""
    parts: list[str] = []
    at, missing_ends = 0, set[str]()
    for match in opening.finditer(text):
        end_marker = closing(match)
        if match.start() < at or end_marker in missing_ends:
            continue
        end = text.find(end_marker, match.end())
        if end < 0:
            missing_ends.add(end_marker)
            continue
        parts += [text[at : match.start()], replace(text[match.end() : end])]
        at = end + len(end_marker)
    return "".join([*parts, text[at:]])


def _end_of_dropped(opening: re.Match[str]) -> str:
    return r"\esbe" if opening[1] == "esb" else f"\\{opening[1]}*"


def _marked_word(content: str) -> str:
    """Return a word after its Strong's numbers. The content has the form `word|strong="G25"`."""
    bar = content.find("|", content.rfind("\\") + 1)
    word, attributes = (content[:bar], content[bar:]) if bar >= 0 else (content, "")
    return f"{WORD_START}{' '.join(_STRONG.findall(attributes))}{WORD_BODY}{word}{WORD_END}"
