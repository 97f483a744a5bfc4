"""Sends OSIS fragments to a VerseReader. Fragments may not be well-formed, for example the verses of a SWORD module."""

import html
import re
from collections.abc import Mapping

from appliance.scripture.importers.markup import VerseReader

# The pattern reads each character only a few times, so parsing is fast for any fragment.
_TOKEN = re.compile(r"<(/?)([A-Za-z][\w:]*)((?:\s[^<>]*?)?)(/?)>|([^<]+)|<[?!][^<>]*>", re.DOTALL)
_ATTRIBUTE = re.compile(r"""(?<![\w:])([\w:]+)\s*=\s*(?:"([^"]*)"|'([^']*)')""")
_COMMENT, _COMMENT_END = "<!--", "-->"
# Numbers of characters with too many digits: Python converts at most 4,300 digits, and no valid number has eight digits.
_LONG_CHARACTER_NUMBER = re.compile(r"&#(?:\d{8,}|[xX][0-9A-Fa-f]{8,});?")


def feed_fragment(reader: VerseReader, fragment: str) -> None:
    """Send a fragment to a reader. The fragment does not have to be well-formed."""
    for token in _TOKEN.finditer(_without_comments(fragment)):
        closing, name, attributes, empty, text = token.groups()
        if text is not None:
            reader.text(unescape(text) if "&" in text else text)
        elif name is None:
            continue
        elif closing:
            reader.end(name)
        else:
            values = {
                key: double_quoted or single_quoted
                for key, double_quoted, single_quoted in _ATTRIBUTE.findall(attributes)
            }
            reader.start(name, values)
            if empty and not is_milestone(values):
                reader.end(name)


def unescape(text: str) -> str:
    """Replace the character references in a text by their characters. An invalid number becomes the replacement character."""
    return html.unescape(_LONG_CHARACTER_NUMBER.sub("\ufffd", text))


def is_milestone(attributes: Mapping[str, str]) -> bool:
    """Return True for a milestone such as `<l sID="…"/>`, which marks a point and has no end tag."""
    return "sID" in attributes or "eID" in attributes


def _without_comments(fragment: str) -> str:
    before, *parts = fragment.split(_COMMENT)
    return before + "".join(part.partition(_COMMENT_END)[2] for part in parts)
