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

from appliance.errors import ApplianceError
from appliance.infrastructure.numbers import whole_number
from appliance.infrastructure.opening import FileRefused, read_regular, size_of
from appliance.scripture.dictionaries.kinds import LEXICON, TOPICS
from appliance.scripture.dictionaries.lexicon import LexiconEntry
from appliance.scripture.dictionaries.topics import Citation, Topic
from appliance.scripture.importers.markup import MAX_STRONGS
from appliance.scripture.importers.source import ItemSource, SourceUnreadable
from appliance.scripture.importers.sword.blocks import MAX_UNPACKED_BYTES, inflate
from appliance.scripture.importers.sword.configuration import Configuration
from appliance.scripture.references import parse_osis

_PAIR = struct.Struct("<II")
_COUNT = struct.Struct("<I")
_SPACE = re.compile(r"\s+")
_HEADING_START = re.compile(r"[\s→\d.,;:()–—-]*")
_HEADING_END = " →.,;:(–—-"
MAX_ENTRY_BYTES = 4 * 2**20
# Elements within each other; Nave's has four.
MAX_DEPTH = 100
_LANGUAGES = {"GreekDef": ("G", "grc"), "HebrewDef": ("H", "hbo")}


def read_dictionary(configuration: Configuration) -> ItemSource[LexiconEntry] | ItemSource[Topic]:
    """The dictionary of a zLD module. Raises SourceUnreadable for one that is neither Strong's nor topical."""
    digest = _digest(configuration)
    name, licence = configuration.value("Description", configuration.module), configuration.licence
    feature = configuration.value("Feature")
    if feature in _LANGUAGES:
        letter, language = _LANGUAGES[feature]
        return ItemSource(
            kind=LEXICON,
            id=configuration.module,
            name=name,
            language=configuration.language,
            licence=licence,
            attribution=configuration.attribution,
            origin=configuration.origin,
            digest=digest,
            entries=lambda: _lexicon(configuration, letter, language),
        )
    if "topic" in name.lower():
        return ItemSource(
            kind=TOPICS,
            id=configuration.module,
            name=name,
            language=configuration.language,
            licence=licence,
            attribution=configuration.attribution,
            origin=configuration.origin,
            digest=digest,
            entries=lambda: _topics(configuration),
        )
    raise SourceUnreadable(
        f"The dictionary {configuration.module} is neither topical nor by Strong's numbers.",
        remedy="Nave's Topical Bible and Strong's dictionaries are read.",
    )


def _read(configuration: Configuration, suffix: str) -> bytes:
    path = Path(f"{configuration.data_path}{suffix}")
    try:
        return read_regular(path, inside=configuration.inside)
    except FileRefused as error:
        raise SourceUnreadable(
            f"The file {path.name} of {configuration.module} is missing, or is not a file that can be read.",
            remedy="Download the module again.",
        ) from error


def _digest(configuration: Configuration) -> str:
    digest = hashlib.sha256()
    for suffix in (".idx", ".dat", ".zdx", ".zdt"):
        digest.update(_read(configuration, suffix))
    return digest.hexdigest()


def records(configuration: Configuration) -> Iterator[tuple[str, str]]:
    """Each entry's key and markup, in the order of the index; a key may repeat. Raises SourceUnreadable."""
    idx, dat, zdx, zdt = (_read(configuration, suffix) for suffix in (".idx", ".dat", ".zdx", ".zdt"))
    held, block, left = -1, b"", MAX_UNPACKED_BYTES
    try:
        for at in range(0, len(idx) - _PAIR.size + 1, _PAIR.size):
            offset, size = _PAIR.unpack_from(idx, at)
            key, _, location = dat[offset : offset + size].partition(b"\n")
            number, entry = _PAIR.unpack_from(location)
            if number != held:
                start, length = _PAIR.unpack_from(zdx, number * _PAIR.size)
                block, held = inflate(zdt[start : start + length], configuration.module), number
                left -= len(block)
            (count,) = _COUNT.unpack_from(block)
            if entry >= count:
                raise SourceUnreadable(
                    f"{configuration.module} names an entry that it does not have.",
                    remedy="The module is damaged; fetch it again.",
                )
            start, length = _PAIR.unpack_from(block, _COUNT.size + entry * _PAIR.size)
            if left < 0 or length > MAX_ENTRY_BYTES:
                raise SourceUnreadable(
                    f"{configuration.module} unpacks to more than {size_of(MAX_UNPACKED_BYTES)}, or has an entry over "
                    f"{size_of(MAX_ENTRY_BYTES)}.",
                    remedy="No dictionary is that large.",
                )
            yield (
                key.decode("utf-8", errors="replace").strip(),
                block[start : start + length].rstrip(b"\0").decode("utf-8", errors="replace"),
            )
    except struct.error as error:
        raise SourceUnreadable(f"{configuration.module} is cut short.", remedy="Download the module again.") from error


def _parse(markup: str, module: str) -> etree._Element:
    """The markup of an entry. Raises SourceUnreadable where elements are nested deeper than our functions follow."""
    parser = etree.XMLParser(recover=True, resolve_entities=False, no_network=True, load_dtd=False)
    try:
        root = etree.fromstring(f"<entry>{markup}</entry>".encode(), parser)
    except etree.XMLSyntaxError:
        root = None
    if root is None:
        return etree.Element("entry")
    depth = 0
    for event, _element in etree.iterwalk(root, events=("start", "end")):
        depth += 1 if event == "start" else -1
        if depth > MAX_DEPTH:
            raise SourceUnreadable(
                f"{module} has elements nested more than {MAX_DEPTH} deep.",
                remedy="The module is damaged or malicious.",
            )
    return root


def _lexicon(configuration: Configuration, letter: str, language: str) -> Iterator[LexiconEntry]:
    for key, markup in records(configuration):
        number = whole_number(key, most=MAX_STRONGS)
        if number is None:
            continue
        root = _parse(markup, configuration.module)
        orthography = root.findall(".//orth")
        definition = "".join(_text_outside(root, _leading_forms(root)))
        yield LexiconEntry(
            strongs=f"{letter}{number}",
            language=language,
            lemma=next((_flat(each) for each in orthography if not each.get("type")), ""),
            transliteration=next((_flat(each) for each in orthography if each.get("type") == "trans"), ""),
            pronunciation=next((_flat(each).strip("{}") for each in root.findall(".//pron")), ""),
            definition=_SPACE.sub(
                " ", re.sub(r" ?:? ?-- ?", " — ", _SPACE.sub(" ", definition.translate({123: None, 125: None})))
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
        reader.walk(_parse(markup, configuration.module))
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
        line = _SPACE.sub(" ", self._line)
        return _HEADING_START.sub("", line, count=1).rstrip(_HEADING_END).strip()

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
            except ApplianceError:
                # No such verse, or a range that ends before it begins.
                found = None
            if found is None:
                self.unresolved += 1
            else:
                self.citations.append(Citation(heading, found.start, found.end))
