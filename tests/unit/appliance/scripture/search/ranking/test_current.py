"""The current ranker comes from the published file."""

import pytest
from fakes.hashed_vectors import HashedVectors
from structlog.testing import capture_logs

from appliance.infrastructure.database import Database
from appliance.scripture.search.ranking.compiled import compile_index, library_state
from appliance.scripture.search.ranking.current import CurrentRanker, RankerUnavailable
from appliance.scripture.search.ranking.index_files import IndexFiles

MODEL = HashedVectors().model


def publish(library: Database, files: IndexFiles) -> None:
    compile_index(library, library_state(library, "Hymns", MODEL, files), files)


def ranker_of(library: Database, files: IndexFiles) -> CurrentRanker:
    return CurrentRanker(library, embedded="Hymns", files=files)


def test_a_published_index_is_used_immediately(hymns: Database, files: IndexFiles) -> None:
    ranker = ranker_of(hymns, files)
    with pytest.raises(RankerUnavailable, match="not compiled yet"):
        ranker.current(MODEL)
    publish(hymns, files)

    first = ranker.current(MODEL)

    assert 3 == first.knowledge.size
    assert first is ranker.current(MODEL)
    publish(hymns, files)
    assert first is not ranker.current(MODEL)


def test_an_unreadable_index_is_retried_and_logged_once(hymns: Database, files: IndexFiles) -> None:
    ranker = ranker_of(hymns, files)
    publish(hymns, files)
    content = files.compiled.read_bytes()
    files.compiled.write_bytes(content[:1000])

    with capture_logs() as logs:
        for _ in range(3):
            with pytest.raises(RankerUnavailable, match="cannot be read"):
                ranker.current(MODEL)
    assert ["error"] == [entry["log_level"] for entry in logs]

    files.compiled.write_bytes(content)
    assert ranker.current(MODEL)


def test_an_index_for_another_model_is_not_used(hymns: Database, files: IndexFiles) -> None:
    publish(hymns, files)

    with pytest.raises(RankerUnavailable, match="another embedding model"):
        ranker_of(hymns, files).current("another")


def test_the_error_says_that_the_ranking_model_does_not_support_the_library(hymns: Database, files: IndexFiles) -> None:
    with pytest.raises(RankerUnavailable, match="does not support this library"):
        ranker_of(hymns, files).current("another")
