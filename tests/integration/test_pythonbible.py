"""Complete translations from the package pythonbible of PyPI."""

import pytest

from appliance.infrastructure.database import Database
from appliance.scripture.importers.detect import open_sources
from appliance.scripture.operations import import_source
from appliance.scripture.references import parse_reference
from appliance.scripture.translations import queries


@pytest.mark.parametrize(("name", "count"), [("WEB", 31_098), ("KJV", 31_102)])
def test_a_translation_has_its_own_id(library: Database, name: str, count: int) -> None:
    with open_sources(f"pythonbible:{name}") as (source,):
        result = import_source(library, source)

    assert (f"{name}-PB", count) == (result.id, result.entries)


def test_the_edition_is_imported_without_placeholders(library: Database) -> None:
    with open_sources("pythonbible:WEB") as (source,):
        import_source(library, source)
    (john,) = queries.passage(library, parse_reference("John 3:16"), [queries.find_translation(library, "WEB-PB")])

    assert "one and only Son" in john.verses["WEB-PB"].text
    assert 0 == library.reader.value("SELECT count(*) FROM verses WHERE text LIKE '%by amos%'")
