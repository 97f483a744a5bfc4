"""Fixtures: small libraries with a few verses, and vectors without a model."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from fakes.hashed_vectors import HashedVectors
from fakes.new_databases import new_library
from fakes.osis_texts import import_osis
from fakes.small_topics import write_small_topics

from appliance.infrastructure.database import Database
from appliance.scripture.search.index import build_index
from appliance.scripture.search.ranking.compiled import compile_index, library_state
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


@pytest.fixture(scope="session")
def compiled_hymns(tmp_path_factory: pytest.TempPathFactory) -> IndexFiles:
    """The compiled index of the library `hymns`. Do not write to it."""
    folder = tmp_path_factory.mktemp("compiled")
    files = IndexFiles(compiled=folder / "index.arrays", topics=write_small_topics(folder / "topics.npz"))
    library, vectors = new_library(folder / "library.db"), HashedVectors()
    import_osis(library, folder, "Hymns", HYMNS)
    build_index(library, vectors, "Hymns")
    compile_index(library, library_state(library, "Hymns", vectors.model, files), files)
    library.close()
    return files


@pytest.fixture
def files(tmp_path: Path) -> IndexFiles:
    return IndexFiles(compiled=tmp_path / "search" / "index.arrays", topics=write_small_topics(tmp_path / "topics.npz"))
