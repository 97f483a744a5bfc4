"""The compiled index: when it is stale, and what it contains."""

from collections.abc import Callable

import numpy as np
from fakes.hashed_vectors import HashedVectors

from appliance.infrastructure.database import Database
from appliance.scripture.canon import WHOLE_CANON, VerseRange
from appliance.scripture.operations import remove
from appliance.scripture.search.fts import parse_query
from appliance.scripture.search.index import build_index
from appliance.scripture.search.ranking.compiled import (
    LibraryState,
    compile_index,
    index_is_stale,
    library_state,
    read_index,
)
from appliance.scripture.search.ranking.index_files import IndexFiles
from appliance.scripture.search.vector_search import nearest_verses

EMBEDDER = HashedVectors()


def state_of(library: Database, files: IndexFiles) -> LibraryState:
    return library_state(library, "Hymns", EMBEDDER.model, files)


def is_stale(library: Database, files: IndexFiles) -> bool:
    return index_is_stale(state_of(library, files), files)


def test_an_index_is_current_for_the_state_it_was_compiled_from(hymns: Database, files: IndexFiles) -> None:
    assert is_stale(hymns, files)
    compile_index(hymns, state_of(hymns, files), files)

    assert not is_stale(hymns, files)
    assert state_of(hymns, files) == read_index(files.compiled).state


def test_a_mapped_index_gives_the_same_features_as_the_compiled_one(hymns: Database, files: IndexFiles) -> None:
    compiled = compile_index(hymns, state_of(hymns, files), files)
    mapped = read_index(files.compiled)

    assert compiled
    compiled_table, mapped_table = (
        index.ranker.features(
            hymns.reader, parse_query("shepherd"), lambda: EMBEDDER.embed(["shepherd"])[0], WHOLE_CANON
        )
        for index in (compiled, mapped)
    )
    np.testing.assert_array_equal(compiled_table.rows, mapped_table.rows)
    np.testing.assert_array_equal(compiled_table.verse_ids, mapped_table.verse_ids)


def test_the_nearest_verses_are_the_same_as_from_the_library(hymns: Database, files: IndexFiles) -> None:
    compile_index(hymns, state_of(hymns, files), files)
    ranker = read_index(files.compiled).ranker
    (vector,) = EMBEDDER.embed(["Have mercy on me"])

    for verses in (WHOLE_CANON, VerseRange(19_051_002, 19_051_002), VerseRange(1_001_001, 1_001_002)):
        expected, nearest = nearest_verses(hymns.reader, vector, verses, 2), ranker.nearest(vector, verses, 2)
        assert [verse for verse, _ in expected] == [verse for verse, _ in nearest]
        np.testing.assert_allclose([cosine for _, cosine in nearest], [cosine for _, cosine in expected], atol=1e-5)


def test_the_index_of_a_changed_library_is_stale_once_all_verses_have_vectors(
    hymns: Database, files: IndexFiles, import_text: Callable[..., None]
) -> None:
    compile_index(hymns, state_of(hymns, files), files)
    import_text("Hymns", {"Ps.23.1": "The Lord is my shepherd", "Ps.51.1": "Show mercy"})
    assert not is_stale(hymns, files)

    build_index(hymns, EMBEDDER, "Hymns")

    assert is_stale(hymns, files)


def test_a_damaged_index_is_stale(hymns: Database, files: IndexFiles) -> None:
    compile_index(hymns, state_of(hymns, files), files)
    files.compiled.write_bytes(b"damaged")

    assert is_stale(hymns, files)


def test_the_index_is_removed_if_the_ranking_model_does_not_support_the_library(
    hymns: Database, files: IndexFiles, import_text: Callable[..., None]
) -> None:
    compile_index(hymns, state_of(hymns, files), files)
    import_text("Himnos", {"Ps.23.1": "Jehová es mi pastor"}, language="es")
    remove(hymns, "Hymns")
    build_index(hymns, EMBEDDER, "Hymns")
    assert is_stale(hymns, files)

    assert compile_index(hymns, state_of(hymns, files), files) is None

    assert not files.compiled.exists()
    assert not is_stale(hymns, files)


def test_without_vectors_no_index_is_needed(
    library: Database, files: IndexFiles, import_text: Callable[..., None]
) -> None:
    assert not is_stale(library, files)
    import_text("Hymns", {"Ps.23.1": "The Lord is my shepherd"})

    assert not is_stale(library, files)
