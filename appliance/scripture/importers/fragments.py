"""Fragments of OSIS that need not be well-formed, such as the verses of a SWORD module, as events of a VerseReader."""

import html
import re
from collections.abc import Mapping

from appliance.scripture.importers.markup import VerseReader

_TOKEN = re.compile(r"<(/?)([A-Za-z][\w:]*)((?:\s[^<>]*?)?)(/?)>|([^<]+)|<!--.*?-->|<[?!][^>]*>", re.DOTALL)
_ATTRIBUTE = re.compile(r"""([\w:]+)\s*=\s*(?:"([^"]*)"|'([^']*)')""")


def feed_fragment(reader: VerseReader, fragment: str) -> None:
    """Feed a fragment that need not be well-formed, such as a verse of a SWORD module."""
    for token in _TOKEN.finditer(fragment):
        closing, name, attributes, empty, text = token.groups()
        if text is not None:
            reader.text(html.unescape(text) if "&" in text else text)
        elif name is None:
            continue
        elif closing:
            reader.end(name)
        else:
            found = {key: one or two for key, one, two in _ATTRIBUTE.findall(attributes)}
            reader.start(name, found)
            if empty and not is_milestone(found):
                reader.end(name)


def is_milestone(attributes: Mapping[str, str]) -> bool:
    """True for `<l sID="…"/>`, which marks a point and has no end of its own."""
    return "sID" in attributes or "eID" in attributes
