"""Parsing XML as a stream of events."""

from pathlib import Path

import pytest

from appliance.scripture.importers.osis.parsing import Parser, Target, local_name
from appliance.scripture.importers.source import SourceUnreadable


class Events(Target):
    """Records the events that it receives."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def start(self, tag: str, _attributes: dict[str, str]) -> None:
        self.seen.append(f"<{tag}>")

    def end(self, tag: str) -> None:
        self.seen.append(f"</{tag}>")

    def data(self, data: str) -> None:
        self.seen.append(data)

    def close(self) -> None:
        self.seen.append("end")


def test_events_are_sent_while_the_document_is_read() -> None:
    events = Events()
    parser = Parser(events, Path("a.xml"))
    parser.feed(b"<osis><verse>In the")
    assert ["<osis>", "<verse>"] == events.seen[:2]

    parser.feed(b" beginning</verse></osis>")
    parser.close()
    assert "In the beginning" == "".join(events.seen[2:-3])
    assert ["</verse>", "</osis>", "end"] == events.seen[-3:]


@pytest.mark.parametrize("document", [b"<osis><verse></osis>", b"<osis>&unknown;</osis>", b"text"])
def test_invalid_xml_is_refused_with_the_file_name(document: bytes) -> None:
    with pytest.raises(SourceUnreadable, match=r"a\.xml is (not well-formed XML|incomplete)"):
        _parse(document)


def test_a_document_that_ends_early_is_incomplete() -> None:
    with pytest.raises(SourceUnreadable, match=r"a\.xml is incomplete"):
        _parse(b"<osis><verse>")


def test_a_document_type_is_refused() -> None:
    with pytest.raises(SourceUnreadable, match=r"declares a document type \(osis\)"):
        _parse(b'<!DOCTYPE osis [<!ENTITY a "aaaa">]><osis>&a;</osis>')


def _parse(document: bytes) -> None:
    parser = Parser(Events(), Path("a.xml"))
    parser.feed(document)
    parser.close()


@pytest.mark.parametrize("tag", ["verse", "{http://example.org}verse", "osis:verse"])
def test_the_local_name_of_an_element_has_no_namespace(tag: str) -> None:
    assert "verse" == local_name(tag)
