"""The header of an OSIS document, which describes the translation."""

import re
from pathlib import Path

import msgspec

from appliance.infrastructure.opening import open_regular, shown_name
from appliance.scripture.importers.osis.parsing import Parser, Target, local_name
from appliance.scripture.importers.source import SourceUnreadable
from appliance.scripture.versification import HUB

# The largest size of a document.
MAX_BYTES = 256 * 2**20
# The header is searched only in the first part of a document, up to this size.
_PROLOGUE_BYTES = 1 << 20


class Header(msgspec.Struct, frozen=True):
    """The description of a translation in an OSIS header."""

    id: str
    name: str
    language: str
    rights: str
    versification: str


def read_header(path: Path, inside: Path | None) -> Header:
    """Read the header of a document. Raises SourceUnreadable or FileRefused."""
    target = _HeaderTarget(shown_name(path.with_suffix("")))
    with open_regular(path, inside=inside, max_bytes=MAX_BYTES) as file:
        Parser(target, path).feed(file.read(_PROLOGUE_BYTES))
    if not target.is_osis:
        raise SourceUnreadable(
            f"{shown_name(path)} is XML, but not OSIS.",
            remedy="Choose another file. An OSIS document begins with <osis …>.",
        )
    return target.header()


class _HeaderTarget(Target):
    """Collects the values of the first work in the header."""

    def __init__(self, fallback: str) -> None:
        self.values = {"id": fallback, "title": "", "rights": "", "language": "und", "refSystem": ""}
        self.is_osis = False
        self._path: list[str] = []
        self._text = ""

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        name = local_name(tag)
        self._path.append(name)
        self._text = ""
        self.is_osis = self.is_osis or name == "osis"
        if name == "osisText":
            self.values["id"] = attributes.get("osisIDWork", self.values["id"])
            self.values["language"] = attributes.get("{http://www.w3.org/XML/1998/namespace}lang", "und")

    def end(self, _tag: str) -> None:
        name = self._path.pop()
        if self._path[-1:] == ["work"] and name in ("title", "rights", "refSystem") and not self.values[name]:
            self.values[name] = self._text.strip()
        self._text = ""

    def data(self, data: str) -> None:
        # An entity such as &amp; splits a text into several pieces.
        self._text += data

    def close(self) -> None:
        """Do nothing. The parser calls this at the end of the document."""

    def header(self) -> Header:
        system = self.values["refSystem"].removeprefix("Bible.")
        versifications = {
            "kjv": "KJV",
            "nrsv": "NRSV",
            "nrsva": "NRSVA",
            "kjva": "KJVA",
            "mt": "MT",
            "lxx": "LXX",
            "vulg": "Vulg",
        }
        return Header(
            id=re.sub(r"[^\w.-]", "", self.values["id"]),
            name=self.values["title"] or self.values["id"],
            language=self.values["language"],
            rights=self.values["rights"],
            versification=versifications.get(system.lower(), HUB),
        )
