"""XML as a stream of events. Document types, and so entities, are not accepted at all."""

from pathlib import Path
from typing import Any

from lxml import etree

from appliance.infrastructure.opening import shown_name, shown_text
from appliance.scripture.importers.source import SourceUnreadable


class Target:
    """Receives the events of a document (lxml's parser target interface), and refuses what no document may have."""

    def doctype(self, name: str, _public: str | None, _system: str | None) -> None:
        """Called by the parser for a document type declaration, whatever the encoding."""
        raise SourceUnreadable(
            f"The document declares a document type ({shown_text(name)}), which could read or inflate other data.",
            remedy="Remove the <!DOCTYPE …> from it.",
        )


class Parser:
    """A stream of events into a target (lxml's parser target interface), with nothing resolved, loaded or fetched on the way."""

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
                f"{shown_name(self._path)} is cut short: {_fault(error)}.", remedy="Download it again."
            ) from error


def _fault(error: etree.XMLSyntaxError) -> str:
    """What the parser found, in one line without a full stop."""
    return shown_text(" ".join(str(error.msg or "the parser does not say why").split()).removesuffix("."), most=200)


def local_name(tag: str) -> str:
    """The name of an element without its namespace, or the prefix of one that is not declared."""
    return tag.rpartition("}")[2].rpartition(":")[2]
