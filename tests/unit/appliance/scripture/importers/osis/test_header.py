"""The header of an OSIS document."""

from pathlib import Path

import pytest

from appliance.scripture.importers.osis.header import Header, read_header
from appliance.scripture.importers.source import SourceUnreadable


def header_of(tmp_path: Path, work: str, attributes: str = 'osisIDWork="A b.c!" xml:lang="es"') -> Header:
    path = tmp_path / "file name.xml"
    path.write_text(f"<osis><osisText {attributes}><header>{work}</header></osisText></osis>", encoding="utf-8")
    return read_header(path, None)


def test_the_first_work_describes_the_translation(tmp_path: Path) -> None:
    one, other = (f"<work><title>{name}</title><rights>{name} rights</rights></work>" for name in ("One", "Other"))

    assert Header(id="Ab.c", name="One", language="es", rights="One rights", versification="NRSVA") == header_of(
        tmp_path, one + other
    )


@pytest.mark.parametrize(
    ("system", "versification"), [("Bible.KJV", "KJV"), ("Bible.mt", "MT"), ("vulg", "Vulg"), ("Bible.Mine", "NRSVA")]
)
def test_an_unknown_versification_becomes_the_hub(tmp_path: Path, system: str, versification: str) -> None:
    header = header_of(tmp_path, f"<work><refSystem>{system}</refSystem></work>")

    assert versification == header.versification


def test_the_file_name_is_the_id_if_the_header_has_none(tmp_path: Path) -> None:
    header = header_of(tmp_path, "", attributes="")

    assert ("filename", "file name", "und", "") == (header.id, header.name, header.language, header.rights)


def test_other_xml_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text("<html/>")

    with pytest.raises(SourceUnreadable, match=r"a\.xml is XML, but not OSIS"):
        read_header(tmp_path / "a.xml", None)
