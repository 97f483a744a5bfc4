"""Small libraries: a few verses, and vectors that need no model."""

from collections.abc import Callable
from pathlib import Path

import pytest
from fakes.hashed_vectors import HashedVectors

from appliance.infrastructure.database import Database
from appliance.scripture.importers.osis import read_osis
from appliance.scripture.operations import import_source
from appliance.scripture.search.index import build_index
from appliance.scripture.search.ranking.compiled import IndexFiles

OSIS = """<?xml version="1.0" encoding="UTF-8"?>
<osis xmlns="http://www.bibletechnologies.net/2003/OSIS/namespace"><osisText osisIDWork="{id}" xml:lang="{language}">
<header><work osisWork="{id}"><title>{id}</title><rights>Public Domain</rights><refSystem>Bible.{system}</refSystem></work></header>
{books}</osisText></osis>"""
HYMNS = {"Ps.23.1": "The Lord is my shepherd", "Ps.51.1": "Have mercy on me", "Ps.51.2": "Wash me thoroughly"}

ImportText = Callable[..., None]


@pytest.fixture
def import_text(library: Database, tmp_path: Path) -> ImportText:
    """Import verses by OSIS id as a text."""

    def imported(identifier: str, verses: dict[str, str], *, system: str = "KJV", language: str = "en") -> None:
        chapters = dict.fromkeys(verse.rsplit(".", 1)[0] for verse in verses)
        books = "".join(
            f'<div type="book" osisID="{chapter.split(".")[0]}"><chapter osisID="{chapter}">'
            + "".join(
                f'<verse osisID="{at}">{text}</verse>' for at, text in verses.items() if at.startswith(f"{chapter}.")
            )
            + "</chapter></div>"
            for chapter in chapters
        )
        file = tmp_path / f"{identifier}.xml"
        content = OSIS.format(id=identifier, system=system, language=language, books=books)
        file.write_text(content, encoding="utf-8")
        import_source(library, read_osis(file))

    return imported


@pytest.fixture
def hymns(library: Database, import_text: ImportText) -> Database:
    """Three verses in English that all have vectors."""
    import_text("Hymns", HYMNS)
    build_index(library, HashedVectors(), "Hymns")
    return library


@pytest.fixture
def files(tmp_path: Path) -> IndexFiles:
    return IndexFiles(compiled=tmp_path / "search" / "index.arrays", topics=tmp_path / "topics.npz")
