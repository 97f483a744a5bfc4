"""OSIS documents."""

from pathlib import Path

import pytest

from appliance.scripture.importers.osis.text import read_osis, read_verses
from appliance.scripture.importers.source import SourceUnreadable
from appliance.scripture.translations.verse import SpanKind

DOCUMENT = """<?xml version="1.0" encoding="UTF-8"?>
<osis xmlns="http://www.bibletechnologies.net/2003/OSIS/namespace">
<osisText osisIDWork="Sample" xml:lang="en">
<header><work osisWork="Sample"><title>A Sample</title><rights>Public Domain</rights><refSystem>Bible.KJV</refSystem></work></header>
<div type="book" osisID="John"><chapter osisID="John.3">
{body}
</chapter></div></osisText></osis>
"""
CONTAINERS = """<title>Nicodemus</title>
<verse osisID="John.3.16">For God so <w lemma="strong:G25">loved</w><note placement="foot">A note.</note>the world</verse>
<verse osisID="John.3.17"><q who="Jesus">For God</q> didn't send</verse>"""
MILESTONES = """<p><verse sID="a" osisID="John.3.16"/>For God so loved <q who="Jesus" sID="q"/>the world<verse eID="a"/>
<verse sID="b" osisID="John.3.17"/>For God<q eID="q"/> didn't send</p><p>his Son<verse eID="b"/></p>"""


def document(tmp_path: Path, body: str, template: str = DOCUMENT) -> Path:
    path = tmp_path / "sample.xml"
    path.write_text(template.format(body=body), encoding="utf-8")
    return path


def test_the_header_describes_the_translation(tmp_path: Path) -> None:
    source = read_osis(document(tmp_path, CONTAINERS))

    assert ("Sample", "A Sample", "en", "Public Domain", "KJV") == (
        source.id,
        source.name,
        source.language,
        source.licence,
        source.versification,
    )


def test_entities_in_the_header_are_resolved(tmp_path: Path) -> None:
    template = DOCUMENT.replace("A Sample", "Lamps &amp; Lights").replace("Public Domain", "&#169; Nobody")
    source = read_osis(document(tmp_path, CONTAINERS, template))

    assert ("Lamps & Lights", "© Nobody") == (source.name, source.licence)


def test_verses_can_be_containers(tmp_path: Path) -> None:
    first, second = read_verses(document(tmp_path, CONTAINERS))

    assert ("John.3.16", "For God so loved the world") == (first.osis, first.text)
    assert ["Nicodemus"] == [heading.text for heading in first.markup.headings]
    assert ("John.3.17", "For God didn't send", SpanKind.JESUS) == (
        second.osis,
        second.text,
        second.markup.spans[0].kind,
    )


def test_verses_can_be_milestones_with_a_quote_and_paragraphs_across_them(tmp_path: Path) -> None:
    first, second = read_verses(document(tmp_path, MILESTONES))

    assert ["For God so loved the world", "For God didn't send his Son"] == [first.text, second.text]
    assert "the world" == first.text[first.markup.spans[0].start : first.markup.spans[0].end]
    assert "For God" == second.text[second.markup.spans[0].start : second.markup.spans[0].end]
    assert 20 in {break_.at for break_ in second.markup.breaks}


def test_pieces_of_a_verse_are_joined(tmp_path: Path) -> None:
    body = '<verse osisID="John.3.16!a">For God</verse><lg><l><verse osisID="John.3.16!b">so <w lemma="strong:G25">loved</w></verse></l></lg>'
    (verse,) = read_verses(document(tmp_path, body))

    assert "For God so loved" == verse.text
    assert "loved" == verse.text[verse.markup.words[0].start : verse.markup.words[0].end]


@pytest.mark.parametrize(
    "prologue",
    ['<!DOCTYPE osis [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]>', '<!DOCTYPE osis SYSTEM "file:///etc/passwd">'],
)
def test_a_document_type_is_refused(tmp_path: Path, prologue: str) -> None:
    path = document(tmp_path, CONTAINERS)
    path.write_text(path.read_text().replace("<osis ", f"{prologue}\n<osis ", 1))

    with pytest.raises(SourceUnreadable, match="declares a document type"):
        read_osis(path)


def test_an_incomplete_document_is_refused(tmp_path: Path) -> None:
    path = document(tmp_path, CONTAINERS)
    path.write_text(path.read_text()[:-60])

    with pytest.raises(SourceUnreadable, match=r"incomplete|not well-formed"):
        list(read_verses(path))


def test_other_xml_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "page.xml"
    path.write_text("<html><body/></html>")

    with pytest.raises(SourceUnreadable, match="not OSIS"):
        read_osis(path)


def test_the_error_names_a_verse_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(SourceUnreadable, match=r"John\.3\.99\. The versification NRSVA does not have"):
        list(read_verses(document(tmp_path, '<verse osisID="John.3.99">x</verse>')))


def test_verse_ids_are_in_the_stated_versification(tmp_path: Path) -> None:
    hebrew = DOCUMENT.replace("Bible.KJV", "Bible.MT")
    source = read_osis(document(tmp_path, '<verse osisID="Joel.4.1">For, behold</verse>', hebrew))

    assert ["Joel.4.1"] == [verse.osis for verse in source.entries()]


def test_several_verses_can_be_printed_as_one(tmp_path: Path) -> None:
    (verse,) = read_verses(document(tmp_path, '<verse osisID="John.3.16 John.3.17">Both.</verse>'))

    assert ("John.3.16", "16–17") == (verse.osis, verse.label)


def test_a_document_type_is_refused_in_any_encoding(tmp_path: Path) -> None:
    path = document(tmp_path, CONTAINERS)
    text = (
        path.read_text().replace("UTF-8", "UTF-16").replace("<osis ", '<!DOCTYPE osis [<!ENTITY a "aaaa">]>\n<osis ', 1)
    )
    path.write_text(text, encoding="utf-16")

    with pytest.raises(SourceUnreadable, match="declares a document type"):
        read_osis(path)
