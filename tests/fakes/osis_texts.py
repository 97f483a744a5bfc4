"""Translations with a few verses, imported as OSIS."""

from collections.abc import Mapping
from pathlib import Path

from appliance.infrastructure.database import Database
from appliance.scripture.importers.osis.text import read_osis
from appliance.scripture.operations import import_source

OSIS = """<?xml version="1.0" encoding="UTF-8"?>
<osis xmlns="http://www.bibletechnologies.net/2003/OSIS/namespace"><osisText osisIDWork="{id}" xml:lang="{language}">
<header><work osisWork="{id}"><title>{id}</title><rights>Public Domain</rights><refSystem>Bible.{system}</refSystem></work></header>
{books}</osisText></osis>"""


def import_osis(
    library: Database,
    folder: Path,
    identifier: str,
    verses: Mapping[str, str],
    *,
    system: str = "KJV",
    language: str = "en",
) -> None:
    """Import verses as a translation. `verses` maps OSIS ids to texts. The OSIS file is written into `folder`."""
    chapters = dict.fromkeys(verse.rsplit(".", 1)[0] for verse in verses)
    books = "".join(
        f'<div type="book" osisID="{chapter.split(".")[0]}"><chapter osisID="{chapter}">'
        + "".join(
            f'<verse osisID="{osis}">{text}</verse>' for osis, text in verses.items() if osis.startswith(f"{chapter}.")
        )
        + "</chapter></div>"
        for chapter in chapters
    )
    file = folder / f"{identifier}.xml"
    content = OSIS.format(id=identifier, system=system, language=language, books=books)
    file.write_text(content, encoding="utf-8")
    import_source(library, read_osis(file))
