"""Parses XML as a stream of events. A document type is refused, because it could define entities."""

from pathlib import Path
from typing import Any

from lxml import etree

from appliance.infrastructure.opening import shown_name, shown_text
from appliance.scripture.importers.source import SourceUnreadable


class Target:
    """Receives the events of a document (lxml's parser target interface). Refuses a document type."""

    def doctype(self, name: str, _public: str | None, _system: str | None) -> None:
        """Refuse the document. The parser calls this for a document type declaration, in any encoding."""
        raise SourceUnreadable(
            f"The document declares a document type ({shown_text(name)}). This is not allowed: a document type could load "
            "other data.",
            remedy="Remove <!DOCTYPE …> from the file.",
        )


class Parser:
    """Sends events to a target (lxml's parser target interface). Replaces no entities and loads no other data."""

    def __init__(self, target: Any, path: Path) -> None:
        self._path = path
        self._parser: Any = etree.XMLParser(
            target=target, resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
        )

    def feed(self, data: bytes) -> None:
        try:
            self._parser.feed(data)
        except etree.XMLSyntaxError as error:
            raise SourceUnreadable(
                f"{shown_name(self._path)} is not well-formed XML: {_fault(error)}.",
                remedy="Correct the file, or download it again.",
            ) from error

    def close(self) -> None:
        try:
            self._parser.close()
        except etree.XMLSyntaxError as error:
            raise SourceUnreadable(
                f"{shown_name(self._path)} is incomplete: {_fault(error)}.", remedy="Download it again."
            ) from error


def _fault(error: etree.XMLSyntaxError) -> str:
    """Return the message of the parser, in one line and without a full stop."""
    return shown_text(" ".join(str(error.msg or "the reason is unknown").split()).removesuffix("."), max_length=200)


def local_name(tag: str) -> str:
    """Return the name of an element without its namespace. If the namespace is not declared, the prefix is removed."""
    return tag.rpartition("}")[2].rpartition(":")[2]
