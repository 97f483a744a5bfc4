"""The ranker that serves is the one in the published file."""

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


def test_what_is_published_serves_at_once(hymns: Database, files: IndexFiles) -> None:
    ranker = ranker_of(hymns, files)
    with pytest.raises(RankerUnavailable, match="not compiled yet"):
        ranker.current(MODEL)
    publish(hymns, files)

    first = ranker.current(MODEL)

    assert 3 == first.knowledge.size
    assert first is ranker.current(MODEL)
    publish(hymns, files)
    assert first is not ranker.current(MODEL)


def test_an_index_that_cannot_be_read_is_tried_again_and_reported_once(hymns: Database, files: IndexFiles) -> None:
    ranker = ranker_of(hymns, files)
    publish(hymns, files)
    whole = files.compiled.read_bytes()
    files.compiled.write_bytes(whole[:1000])

    with capture_logs() as logs:
        for _ in range(3):
            with pytest.raises(RankerUnavailable, match="cannot be read"):
                ranker.current(MODEL)
    assert ["error"] == [each["log_level"] for each in logs]

    files.compiled.write_bytes(whole)
    assert ranker.current(MODEL)


def test_an_index_of_another_model_does_not_serve(hymns: Database, files: IndexFiles) -> None:
    publish(hymns, files)

    with pytest.raises(RankerUnavailable, match="another embedding model"):
        ranker_of(hymns, files).current("another")


def test_a_library_that_it_was_not_trained_for_is_told_so(hymns: Database, files: IndexFiles) -> None:
    with pytest.raises(RankerUnavailable, match="does not fit"):
        ranker_of(hymns, files).current("another")
