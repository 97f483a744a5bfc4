"""Fixtures: small libraries with a few verses, and vectors without a model."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from fakes.hashed_vectors import HashedVectors
from fakes.osis_texts import import_osis

from appliance.infrastructure.database import Database
from appliance.scripture.search.index import build_index
from appliance.scripture.search.ranking.index_files import IndexFiles

HYMNS = {"Ps.23.1": "The Lord is my shepherd", "Ps.51.1": "Have mercy on me", "Ps.51.2": "Wash me thoroughly"}

ImportText = Callable[..., None]


@pytest.fixture
def import_text(library: Database, tmp_path: Path) -> ImportText:
    """Return a function that imports a translation from verses by OSIS id."""

    return partial(import_osis, library, tmp_path)


@pytest.fixture
def hymns(library: Database, import_text: ImportText) -> Database:
    """A library with three English verses that all have vectors."""
    import_text("Hymns", HYMNS)
    build_index(library, HashedVectors(), "Hymns")
    return library


@pytest.fixture
def files(tmp_path: Path) -> IndexFiles:
    return IndexFiles(compiled=tmp_path / "search" / "index.arrays", topics=tmp_path / "topics.npz")
