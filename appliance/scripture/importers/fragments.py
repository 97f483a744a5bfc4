"""Feed OSIS fragments to a VerseReader. They need not be well-formed; the verses of a SWORD module are an example."""

import html
import re
from collections.abc import Mapping

from appliance.scripture.importers.markup import VerseReader

# Each pattern reads a character only a few times, so parsing is fast for any fragment.
_TOKEN = re.compile(r"<(/?)([A-Za-z][\w:]*)((?:\s[^<>]*?)?)(/?)>|([^<]+)|<[?!][^<>]*>", re.DOTALL)
_ATTRIBUTE = re.compile(r"""(?<![\w:])([\w:]+)\s*=\s*(?:"([^"]*)"|'([^']*)')""")
_COMMENT, _COMMENT_END = "<!--", "-->"
# Python converts at most 4,300 digits. No character number has eight digits.
_LONG_CHARACTER_NUMBER = re.compile(r"&#(?:\d{8,}|[xX][0-9A-Fa-f]{8,});?")


def feed_fragment(reader: VerseReader, fragment: str) -> None:
    """Feed a fragment to a reader. It need not be well-formed."""
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
    """Resolve the character references of a text. An invalid number becomes the replacement character."""
    return html.unescape(_LONG_CHARACTER_NUMBER.sub("\ufffd", text))


def is_milestone(attributes: Mapping[str, str]) -> bool:
    """True for a milestone such as `<l sID="…"/>`, which marks a point and has no end tag."""
    return "sID" in attributes or "eID" in attributes


def _without_comments(fragment: str) -> str:
    before, *parts = fragment.split(_COMMENT)
    return before + "".join(part.partition(_COMMENT_END)[2] for part in parts)
