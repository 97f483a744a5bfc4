"""SWORD zLD dictionaries: Nave's Topical Bible and Strong's.

`.idx` holds 8-byte (offset, size) into `.dat`; a `.dat` record is the key, a line break, then 8 bytes (block, entry);
`.zdx` holds 8-byte (offset, size) of zlib blocks in `.zdt`; a block is a count, (offset, size) pairs, then the texts.
All integers are little-endian.
"""

import hashlib
import re
import struct
from collections.abc import Iterator
from pathlib import Path

from lxml import etree

from appliance.errors import NotFound
from appliance.scripture.importers.source import LexiconSource, SourceUnreadable, TopicSource
from appliance.scripture.importers.sword import Configuration, inflate
from appliance.scripture.lexicon import LexiconEntry
from appliance.scripture.references import parse_osis
from appliance.scripture.topics import Citation, Topic

_PAIR = struct.Struct("<II")
_COUNT = struct.Struct("<I")
_SPACE = re.compile(r"\s+")
_HEADING_EDGES = re.compile(r"^[\s→\d.,;:()–—-]+|[\s→.,;:(–—-]+$")
_LANGUAGES = {"GreekDef": ("G", "grc"), "HebrewDef": ("H", "hbo")}


def read_dictionary(configuration: Configuration) -> LexiconSource | TopicSource:
    """The dictionary of a zLD module. Raises SourceUnreadable for one that is neither Strong's nor topical."""
    digest = _digest(configuration)
    name, licence = configuration.value("Description", configuration.module), configuration.licence
    feature = configuration.value("Feature")
    if feature in _LANGUAGES:
        letter, language = _LANGUAGES[feature]
        return LexiconSource(
            id=configuration.module,
            name=name,
            licence=licence,
            attribution=configuration.attribution,
            digest=digest,
            entries=lambda: _lexicon(configuration, letter, language),
        )
    if "topic" in name.lower():
        return TopicSource(
            id=configuration.module,
            name=name,
            licence=licence,
            attribution=configuration.attribution,
            digest=digest,
            topics=lambda: _topics(configuration),
        )
    raise SourceUnreadable(
        f"The dictionary {configuration.module} is neither topical nor by Strong's numbers.",
        remedy="Nave's Topical Bible and Strong's dictionaries are read.",
    )


def _read(configuration: Configuration, suffix: str) -> bytes:
    path = Path(f"{configuration.data_path}{suffix}")
    try:
        return path.read_bytes()
    except OSError as error:
        raise SourceUnreadable(
            f"The file {path.name} of {configuration.module} cannot be read: {error.strerror}.",
            remedy="Fetch the module again.",
        ) from error


def _digest(configuration: Configuration) -> str:
    digest = hashlib.sha256()
    for suffix in (".idx", ".dat", ".zdx", ".zdt"):
        digest.update(_read(configuration, suffix))
    return digest.hexdigest()


def records(configuration: Configuration) -> Iterator[tuple[str, str]]:
    """Each entry's key and markup, in the order of the index; a key may repeat. Raises SourceUnreadable."""
    idx, dat, zdx, zdt = (_read(configuration, suffix) for suffix in (".idx", ".dat", ".zdx", ".zdt"))
    held, block = -1, b""
    try:
        for at in range(0, len(idx) - _PAIR.size + 1, _PAIR.size):
            offset, size = _PAIR.unpack_from(idx, at)
            key, _, location = dat[offset : offset + size].partition(b"\n")
            number, entry = _PAIR.unpack_from(location)
            if number != held:
                start, length = _PAIR.unpack_from(zdx, number * _PAIR.size)
                block, held = inflate(zdt[start : start + length], configuration.module), number
            (count,) = _COUNT.unpack_from(block)
            if entry >= count:
                raise SourceUnreadable(
                    f"{configuration.module} names an entry that it does not have.",
                    remedy="The module is damaged; fetch it again.",
                )
            start, length = _PAIR.unpack_from(block, _COUNT.size + entry * _PAIR.size)
            yield (
                key.decode("utf-8", errors="replace").strip(),
                block[start : start + length].rstrip(b"\0").decode("utf-8", errors="replace"),
            )
    except struct.error as error:
        raise SourceUnreadable(
            f"{configuration.module} is truncated ({error}).", remedy="Fetch the module again."
        ) from error


def _parse(markup: str) -> etree._Element:
    parser = etree.XMLParser(recover=True, resolve_entities=False, no_network=True, load_dtd=False)
    root = etree.fromstring(f"<entry>{markup}</entry>".encode(), parser)
    return root if root is not None else etree.Element("entry")


def _lexicon(configuration: Configuration, letter: str, language: str) -> Iterator[LexiconEntry]:
    for key, markup in records(configuration):
        if not key.isdigit():
            continue
        root = _parse(markup)
        orthography = root.findall(".//orth")
        definition = "".join(_text_outside(root, _leading_forms(root)))
        yield LexiconEntry(
            strongs=f"{letter}{int(key)}",
            language=language,
            lemma=next((_flat(each) for each in orthography if not each.get("type")), ""),
            transliteration=next((_flat(each) for each in orthography if each.get("type") == "trans"), ""),
            pronunciation=next((_flat(each).strip("{}") for each in root.findall(".//pron")), ""),
            definition=_SPACE.sub(
                " ", re.sub(r"\s*:?\s*--\s*", " — ", definition.translate({123: None, 125: None}))
            ).strip(" ,"),
        )


def _flat(element: etree._Element) -> str:
    return _SPACE.sub(" ", "".join(str(part) for part in element.itertext())).strip()


def _leading_forms(root: etree._Element) -> set[etree._Element]:
    """What the entry's own fields show: its lemma, transliteration and pronunciation; and every form in beta code."""
    forms = root.findall(".//orth")
    lemma = [each for each in forms if not each.get("type")][:1]
    transliteration = [each for each in forms if each.get("type") == "trans"][:1]
    beta_code = [each for each in forms if each.get("type") == "writing"]
    return {*lemma, *transliteration, *beta_code, *root.findall(".//pron")[:1]}


def _text_outside(element: etree._Element, skipped: set[etree._Element]) -> Iterator[str]:
    if element not in skipped:
        yield element.text or ""
        for child in element:
            yield from _text_outside(child, skipped)
            yield child.tail or ""
    if element.tag == "lb":
        yield " "


def _topics(configuration: Configuration) -> Iterator[Topic]:
    for position, (headword, markup) in enumerate(records(configuration)):
        reader = _TopicReader()
        reader.walk(_parse(markup))
        yield Topic(
            position=position,
            headword=headword,
            citations=tuple(reader.citations),
            see_also=tuple(dict.fromkeys(reader.see_also)),
            unresolved=reader.unresolved,
        )


class _TopicReader:
    """Walks a TEI entry: a line or item is a heading followed by its references; lists stand under the line before."""

    def __init__(self) -> None:
        self.citations: list[Citation] = []
        self.see_also: list[str] = []
        self.unresolved = 0
        self._above: list[str] = []
        self._line = ""
        self._closed = False

    def walk(self, element: etree._Element) -> None:
        tag = element.tag
        if tag in ("lb", "item"):
            self._line, self._closed = "", False
        elif tag == "list":
            self._above.append(self._heading_of_line())
            self._line, self._closed = "", False
        elif tag == "ref":
            self._reference(element)
            return
        self._add(element.text)
        for child in element:
            self.walk(child)
            self._add(child.tail)
        if tag == "list":
            self._above.pop()
            self._line, self._closed = "", False

    def _add(self, text: str | None) -> None:
        if text and not self._closed:
            self._line += text

    def _heading_of_line(self) -> str:
        return _HEADING_EDGES.sub("", _SPACE.sub(" ", self._line)).strip()

    def _reference(self, element: etree._Element) -> None:
        target = element.get("target", "")
        if target.startswith("Nave:"):
            self.see_also.append(target.removeprefix("Nave:").strip())
            return
        self._closed = True
        heading = ": ".join(part for part in (*self._above, self._heading_of_line()) if part)
        for osis in (element.get("osisRef") or "").split():
            try:
                found = parse_osis(osis)
            except NotFound:
                found = None
            if found is None:
                self.unresolved += 1
            else:
                self.citations.append(Citation(heading, found.start, found.end))
