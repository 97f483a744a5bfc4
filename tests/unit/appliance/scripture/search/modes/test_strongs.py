"""Strong's search without a graph."""

import pytest

from appliance.infrastructure.database import Database
from appliance.infrastructure.graph.interface import GraphMissing
from appliance.scripture.canon import WHOLE_CANON
from appliance.scripture.search.modes.strongs import find
from appliance.scripture.search.request import Request
from appliance.scripture.translations.queries import Translations


def test_without_a_graph_the_error_says_how_to_build_one(hymns: Database) -> None:
    translation = Translations(hymns, "Hymns").choose()

    with pytest.raises(GraphMissing, match="graph build"):
        find(hymns, Request(text="G26", translation=translation, verses=WHOLE_CANON, depth=10), None)
