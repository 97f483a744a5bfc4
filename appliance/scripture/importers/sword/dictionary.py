"""Reads SWORD dictionaries in the format zLD: Nave's Topical Bible and Strong's dictionaries.

`.idx` contains pairs of 8 bytes (offset, size), one per record in `.dat`. A record is a key, a line break, then 8 bytes
(block, entry). `.zdx` contains pairs of 8 bytes (offset, size), one per zlib block in `.zdt`. A block is a count,
(offset, size) pairs, then the texts. All integers are little-endian.
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
# How deep elements can be nested. Nave's Topical Bible has four levels.
MAX_DEPTH = 100
_LANGUAGES = {"GreekDef": ("G", "grc"), "HebrewDef": ("H", "hbo")}


def read_dictionary(configuration: Configuration) -> ItemSource[LexiconEntry] | ItemSource[Topic]:
    """Return the dictionary of a zLD module. Raises SourceUnreadable if it is neither Strong's nor topical."""
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
        f"The dictionary {configuration.module} is not a topical dictionary and has no Strong's numbers.",
        remedy="Import Nave's Topical Bible or a Strong's dictionary.",
    )


def _read(configuration: Configuration, suffix: str) -> bytes:
    path = Path(f"{configuration.data_path}{suffix}")
    try:
        return read_regular(path, inside=configuration.inside)
    except FileRefused as error:
        raise SourceUnreadable(
            f"The file {path.name} of {configuration.module} is missing or cannot be read.",
            remedy="Download the module again.",
        ) from error


def _digest(configuration: Configuration) -> str:
    digest = hashlib.sha256()
    for suffix in (".idx", ".dat", ".zdx", ".zdt"):
        digest.update(_read(configuration, suffix))
    return digest.hexdigest()


def records(configuration: Configuration) -> Iterator[tuple[str, str]]:
    """Yield the key and the markup of each entry, in the order of the index. A key may occur twice. Raises SourceUnreadable."""
    idx, dat, zdx, zdt = (_read(configuration, suffix) for suffix in (".idx", ".dat", ".zdx", ".zdt"))
    block_number, block, bytes_left = -1, b"", MAX_UNPACKED_BYTES
    try:
        for at in range(0, len(idx) - _PAIR.size + 1, _PAIR.size):
            offset, size = _PAIR.unpack_from(idx, at)
            key, _, location = dat[offset : offset + size].partition(b"\n")
            number, entry = _PAIR.unpack_from(location)
            if number != block_number:
                start, length = _PAIR.unpack_from(zdx, number * _PAIR.size)
                block, block_number = inflate(zdt[start : start + length], configuration.module), number
                bytes_left -= len(block)
            (count,) = _COUNT.unpack_from(block)
            if entry >= count:
                raise SourceUnreadable(
                    f"{configuration.module} refers to a missing entry. The module is damaged.",
                    remedy="Download the module again.",
                )
            start, length = _PAIR.unpack_from(block, _COUNT.size + entry * _PAIR.size)
            if bytes_left < 0 or length > MAX_ENTRY_BYTES:
                raise SourceUnreadable(
                    f"{configuration.module} unpacks to more than {size_of(MAX_UNPACKED_BYTES)}, or has an entry over "
                    f"{size_of(MAX_ENTRY_BYTES)}. No dictionary is that large.",
                    remedy="Choose another module.",
                )
            yield (
                key.decode("utf-8", errors="replace").strip(),
                block[start : start + length].rstrip(b"\0").decode("utf-8", errors="replace"),
            )
    except struct.error as error:
        raise SourceUnreadable(f"{configuration.module} is incomplete.", remedy="Download the module again.") from error


def _parse(markup: str, module: str) -> etree._Element:
    """Parse the markup of an entry. Raises SourceUnreadable if elements are nested too deep for the recursive functions."""
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
                f"{module} has elements nested more than {MAX_DEPTH} levels deep. The module is damaged or malicious.",
                remedy="Download the module again from a source that you trust.",
            )
    return root


def _lexicon(configuration: Configuration, letter: str, language: str) -> Iterator[LexiconEntry]:
    for key, markup in records(configuration):
        number = whole_number(key, max_value=MAX_STRONGS)
        if number is None:
            continue
        root = _parse(markup, configuration.module)
        orthography = root.findall(".//orth")
        definition = "".join(_text_outside(root, _leading_forms(root)))
        yield LexiconEntry(
            strongs=f"{letter}{number}",
            language=language,
            lemma=next((_flat(form) for form in orthography if not form.get("type")), ""),
            transliteration=next((_flat(form) for form in orthography if form.get("type") == "trans"), ""),
            pronunciation=next((_flat(form).strip("{}") for form in root.findall(".//pron")), ""),
            definition=_SPACE.sub(
                " ", re.sub(r" ?:? ?-- ?", " — ", _SPACE.sub(" ", definition.translate({123: None, 125: None})))
            ).strip(" ,"),
        )


def _flat(element: etree._Element) -> str:
    return _SPACE.sub(" ", "".join(str(part) for part in element.itertext())).strip()


def _leading_forms(root: etree._Element) -> set[etree._Element]:
    """Return the elements that are not part of the definition.

    These are the lemma, the transliteration, the pronunciation, and all forms in beta code.
    """
    forms = root.findall(".//orth")
    lemma = [form for form in forms if not form.get("type")][:1]
    transliteration = [form for form in forms if form.get("type") == "trans"][:1]
    beta_code = [form for form in forms if form.get("type") == "writing"]
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
    """Reads a TEI entry. A line or item is a heading with its references after it. A list belongs to the previous line."""

    def __init__(self) -> None:
        self.citations: list[Citation] = []
        self.see_also: list[str] = []
        self.unresolved = 0
        self._parent_headings: list[str] = []
        self._line = ""
        self._heading_ended = False

    def walk(self, element: etree._Element) -> None:
        tag = element.tag
        if tag in ("lb", "item"):
            self._line, self._heading_ended = "", False
        elif tag == "list":
            self._parent_headings.append(self._heading_of_line())
            self._line, self._heading_ended = "", False
        elif tag == "ref":
            self._reference(element)
            return
        self._add(element.text)
        for child in element:
            self.walk(child)
            self._add(child.tail)
        if tag == "list":
            self._parent_headings.pop()
            self._line, self._heading_ended = "", False

    def _add(self, text: str | None) -> None:
        if text and not self._heading_ended:
            self._line += text

    def _heading_of_line(self) -> str:
        line = _SPACE.sub(" ", self._line)
        return _HEADING_START.sub("", line, count=1).rstrip(_HEADING_END).strip()

    def _reference(self, element: etree._Element) -> None:
        target = element.get("target", "")
        if target.startswith("Nave:"):
            self.see_also.append(target.removeprefix("Nave:").strip())
            return
        self._heading_ended = True
        heading = ": ".join(part for part in (*self._parent_headings, self._heading_of_line()) if part)
        for osis in (element.get("osisRef") or "").split():
            try:
                reference = parse_osis(osis)
            except ApplianceError:
                # The verse does not exist, or the range ends before it begins.
                reference = None
            if reference is None:
                self.unresolved += 1
            else:
                self.citations.append(Citation(heading, reference.start, reference.end))
