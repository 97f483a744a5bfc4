"""Fragments of OSIS that need not be well-formed, such as the verses of a SWORD module, as events of a VerseReader."""

import html
import re
from collections.abc import Mapping

from appliance.scripture.importers.markup import VerseReader

# Each pattern looks at a character a bounded number of times, so that no fragment takes long, whatever is in it.
_TOKEN = re.compile(r"<(/?)([A-Za-z][\w:]*)((?:\s[^<>]*?)?)(/?)>|([^<]+)|<[?!][^<>]*>", re.DOTALL)
_ATTRIBUTE = re.compile(r"""(?<![\w:])([\w:]+)\s*=\s*(?:"([^"]*)"|'([^']*)')""")
_COMMENT, _COMMENT_END = "<!--", "-->"
# Python converts at most 4,300 digits, and no character has as many as eight.
_LONG_CHARACTER_NUMBER = re.compile(r"&#(?:\d{8,}|[xX][0-9A-Fa-f]{8,});?")


def feed_fragment(reader: VerseReader, fragment: str) -> None:
    """Feed a fragment that need not be well-formed, such as a verse of a SWORD module."""
    for token in _TOKEN.finditer(_without_comments(fragment)):
        closing, name, attributes, empty, text = token.groups()
        if text is not None:
            reader.text(unescape(text) if "&" in text else text)
        elif name is None:
            continue
        elif closing:
            reader.end(name)
        else:
            found = {key: one or two for key, one, two in _ATTRIBUTE.findall(attributes)}
            reader.start(name, found)
            if empty and not is_milestone(found):
                reader.end(name)


def unescape(text: str) -> str:
    """Text with its character references resolved; a number that no character has becomes a replacement character."""
    return html.unescape(_LONG_CHARACTER_NUMBER.sub("\ufffd", text))


def is_milestone(attributes: Mapping[str, str]) -> bool:
    """True for `<l sID="…"/>`, which marks a point and has no end of its own."""
    return "sID" in attributes or "eID" in attributes


def _without_comments(fragment: str) -> str:
    before, *parts = fragment.split(_COMMENT)
    return before + "".join(part.partition(_COMMENT_END)[2] for part in parts)
