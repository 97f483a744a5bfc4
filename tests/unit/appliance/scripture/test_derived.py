"""Which built data a change of the library makes outdated."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes.hashed_vectors import HashedVectors
from fakes.new_databases import new_home
from fakes.osis_texts import import_osis
from fakes.small_topics import write_small_topics

from appliance.infrastructure.paths import DataFolder
from appliance.infrastructure.settings import Settings
from appliance.scripture.derived import DerivedData
from appliance.scripture.jobs import GRAPH
from appliance.scripture.operations import remove
from appliance.scripture.search.ranking.index_files import IndexFiles
from server.bootstrap import Appliance

HYMNS = {"Ps.23.1": "The Lord is my shepherd", "Ps.51.1": "Have mercy on me"}


@pytest.fixture
def appliance(tmp_path: Path) -> Iterator[Appliance]:
    vectors = HashedVectors()
    settings = Settings(embedded_translation="Hymns", embedding_model=vectors.model)
    appliance = Appliance(DataFolder(new_home(tmp_path / "home")), settings, embedder=vectors)
    appliance.index_files = IndexFiles(
        compiled=appliance.folder.search_index, topics=write_small_topics(tmp_path / "topics.npz")
    )
    yield appliance
    appliance.close()


def derived(appliance: Appliance, *, can_embed: bool = True) -> DerivedData:
    return DerivedData(
        appliance.library,
        appliance.folder,
        appliance.settings,
        index_files=appliance.index_files,
        can_embed=lambda: can_embed,
    )


def names(data: DerivedData) -> list[str]:
    return [kind.name for kind in data.outdated()]


def build(appliance: Appliance) -> None:
    for kind in derived(appliance).outdated():
        appliance.dispatcher.run_in_process(appliance.dispatcher.create(kind))


def test_an_empty_library_needs_no_vectors_and_no_graph(appliance: Appliance) -> None:
    assert not {"index", "graph"} & set(names(derived(appliance)))


def test_a_new_translation_needs_vectors_the_graph_and_the_search_index(appliance: Appliance, tmp_path: Path) -> None:
    import_osis(appliance.library, tmp_path, "Hymns", HYMNS)

    assert ["index", "graph"] == names(derived(appliance))[:2]
    assert (0, 2) == ((state := derived(appliance).index_state()).embedded, state.total)


def test_vectors_are_not_outdated_without_the_embedding_model(appliance: Appliance, tmp_path: Path) -> None:
    import_osis(appliance.library, tmp_path, "Hymns", HYMNS)

    assert "index" not in names(derived(appliance, can_embed=False))


def test_built_data_is_outdated_only_after_the_library_changes(appliance: Appliance, tmp_path: Path) -> None:
    import_osis(appliance.library, tmp_path, "Hymns", HYMNS)
    while derived(appliance).outdated():
        build(appliance)
    assert derived(appliance).index_state().complete
    import_osis(appliance.library, tmp_path, "Other", HYMNS)

    assert "graph" in names(derived(appliance))
    appliance.dispatcher.run_in_process(appliance.dispatcher.create(GRAPH))
    assert "graph" not in names(derived(appliance))
    remove(appliance.library, "Other")
    assert "graph" in names(derived(appliance))
