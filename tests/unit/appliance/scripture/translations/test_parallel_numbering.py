"""Translations in other versifications than the hub."""

from pathlib import Path

import pytest
from fakes.new_databases import new_library

from appliance.infrastructure.database import Database
from appliance.scripture.importers.osis.text import read_osis
from appliance.scripture.operations import import_source
from appliance.scripture.references import parse_reference
from appliance.scripture.search.hits import Mode, Search
from appliance.scripture.search.ranking.index_files import IndexFiles
from appliance.scripture.search.service import Finder
from appliance.scripture.translations import queries

VULGATE = """<?xml version="1.0" encoding="UTF-8"?>
<osis xmlns="http://www.bibletechnologies.net/2003/OSIS/namespace"><osisText osisIDWork="Vulgata" xml:lang="la">
<header><work osisWork="Vulgata"><title>Vulgata</title><rights>Public Domain</rights><refSystem>Bible.Vulg</refSystem></work></header>
<div type="book" osisID="Ps"><chapter osisID="Ps.22">
<verse osisID="Ps.22.1">Psalmus David. Dominus regit me</verse><verse osisID="Ps.22.2">in loco pascuae</verse></chapter>
<chapter osisID="Ps.50"><verse osisID="Ps.50.1">In finem. Psalmus David</verse>
<verse osisID="Ps.50.2">cum venit ad eum Nathan</verse><verse osisID="Ps.50.3">Miserere mei Deus</verse></chapter>
</div></osisText></osis>"""


@pytest.fixture
def library(tmp_path: Path) -> Database:
    database = new_library(tmp_path / "library.db")
    file = tmp_path / "vulgata.xml"
    file.write_text(VULGATE)
    import_source(database, read_osis(file))
    return database


def test_a_passage_is_found_by_its_hub_numbers(library: Database) -> None:
    verses = queries.passage(library, parse_reference("Psalm 23"), [queries.find_translation(library, "Vulgata")])

    assert ["Ps.23.1", "Ps.23.2"] == [verse.verses["Vulgata"].osis for verse in verses]
    assert "Dominus regit me" in verses[0].verses["Vulgata"].text


def test_a_title_that_counts_as_verses_is_the_title_in_the_hub(library: Database) -> None:
    (verse,) = queries.passage(library, parse_reference("Psalm 51:1"), [queries.find_translation(library, "Vulgata")])

    assert "Miserere mei Deus" == verse.verses["Vulgata"].text


def test_search_results_have_hub_numbers(library: Database) -> None:
    vulgata = queries.find_translation(library, "Vulgata")
    search = Search(query="miserere", mode=Mode.KEYWORD, translation=vulgata)
    (hit,) = Finder(library, None, embedded="WEB", files=IndexFiles(compiled=Path("missing"))).search(search).hits

    assert ("Ps.51.1", "Miserere mei Deus") == (hit.osis, hit.text)
