"""The copy that is measured, its chapters, and the comparison of a busy server with an idle one."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from fakes.job_kinds import Labelled, kind_of
from fakes.osis_texts import import_osis

from appliance.infrastructure.jobs.job import Job, State
from appliance.infrastructure.jobs.kind import LIBRARY, MEDIA, OCR
from appliance.scripture.translations import queries
from server.benchmarks.helper_process import MeasurementFailed
from server.benchmarks.isolation import (
    NothingToRead,
    chapter_paths,
    check_still_indexing,
    copy_of,
    figures,
    have_started,
)
from server.bootstrap import Appliance

VERSES = {"Gen.1.1": "A lamp shone.", "Gen.2.1": "The well was deep.", "Exod.1.1": "A harp sounded."}
HUNDRED = [float(number) for number in range(1, 101)]


def test_every_chapter_of_the_first_translation_is_read(appliance: Appliance, tmp_path: Path) -> None:
    import_osis(appliance.library, tmp_path, "Invented", VERSES)

    assert ["chapters/Invented/Gen/1", "chapters/Invented/Gen/2", "chapters/Invented/Exod/1"] == chapter_paths(
        appliance
    )


def test_a_library_without_a_translation_is_rejected(appliance: Appliance) -> None:
    with pytest.raises(NothingToRead, match="has no translation") as error:
        chapter_paths(appliance)
    assert "lampstand library import" in error.value.remedy


def test_a_copy_has_the_library_the_graph_and_the_search_index(appliance: Appliance, tmp_path: Path) -> None:
    import_osis(appliance.library, tmp_path, "Invented", VERSES)
    for file in (appliance.folder.graph, appliance.folder.search_index):
        file.parent.mkdir()
        file.write_bytes(b"built")
    copy = copy_of(appliance, tmp_path / "copy")

    assert ["Invented"] == [translation.id for translation in queries.translations(copy.library)]
    assert (b"built", b"built") == (copy.folder.graph.read_bytes(), copy.folder.search_index.read_bytes())
    copy.close()


def test_a_copy_uses_the_same_models_but_no_cached_vectors(appliance: Appliance, tmp_path: Path) -> None:
    for name in ("all-MiniLM-L6-v2", "embeddings"):
        (appliance.folder.models / name).mkdir()
    (appliance.folder.models / "registry.json").write_bytes(b"[]")
    copy = copy_of(appliance, tmp_path / "copy")

    assert {"all-MiniLM-L6-v2", "registry.json"} == {path.name for path in copy.folder.models.iterdir()}
    assert appliance.folder.models / "registry.json" == (copy.folder.models / "registry.json").readlink()
    copy.close()


def test_people_and_jobs_are_not_copied(appliance: Appliance, tmp_path: Path) -> None:
    appliance.jobs.create(kind_of("k"), Labelled())
    copy = copy_of(appliance, tmp_path / "copy")

    assert [] == copy.jobs.active()
    copy.close()


@pytest.fixture
def index(appliance: Appliance) -> Job:
    return appliance.jobs.create(kind_of("index"), Labelled())


def changed(job: Job, **fields: Any) -> Job:
    return msgspec.structs.replace(job, **fields)


def running(job: Job, queue: str) -> Job:
    """A running job of a queue, with another id."""
    return changed(job, id=job.id + 1 + (LIBRARY, OCR, MEDIA).index(queue), queue=queue, state=State.RUNNING)


def test_the_jobs_have_started_when_the_index_grows_and_all_other_queues_run_a_job(index: Job) -> None:
    others = [running(index, OCR), running(index, MEDIA)]
    started, just_claimed = (changed(index, state=State.RUNNING, progress=progress) for progress in (0.02, 0.01))

    assert have_started([started, *others], index)
    assert not have_started([just_claimed, *others], index)
    assert not have_started([started, others[0]], index)
    assert not have_started([started, others[0], changed(others[1], state=State.QUEUED)], index)
    # The index job has ended.
    assert not have_started([*others, running(index, LIBRARY)], index)


def test_an_index_job_that_still_runs_disturbs_the_whole_reading(index: Job) -> None:
    check_still_indexing(changed(index, state=State.RUNNING, progress=0.99))


def test_an_index_job_that_ended_early_stops_the_measurement(index: Job) -> None:
    with pytest.raises(MeasurementFailed, match=r"The index job was done .* Read fewer chapters\."):
        check_still_indexing(changed(index, state=State.DONE, progress=1.0))
    with pytest.raises(MeasurementFailed, match=r"The index job was failed .* The disk is full\."):
        check_still_indexing(changed(index, state=State.FAILED, progress=0.3, error="The disk is full."))


def test_a_busy_server_is_compared_with_an_idle_one() -> None:
    rows = {row.name: row for row in figures(HUNDRED, [2.0 * ms for ms in HUNDRED], 40.0, 30.0, 0.25)}

    assert (51.0, 100.0) == (rows["quiet_p50_ms"].value, rows["quiet_p99_ms"].value)
    assert (102.0, 51.0) == (rows["busy_p50_ms"].value, rows["busy_p50_ms"].baseline)
    assert (200.0, 100.0) == (rows["busy_p99_ms"].value, rows["busy_p99_ms"].baseline)
    assert (2.0, False) == (rows["p99_over_quiet"].value, rows["p99_over_quiet"].holds)
    assert (40.0, 30.0) == (rows["quiet_stream_tokens_per_s"].value, rows["busy_stream_tokens_per_s"].value)
    assert (0.75, True) == (rows["stream_busy_over_quiet"].value, rows["stream_busy_over_quiet"].holds)
    assert (25.0, "%") == (rows["indexed_meanwhile"].value, rows["indexed_meanwhile"].unit)


def test_a_busy_stream_needs_half_the_speed_and_pages_at_most_1_6_times_the_time() -> None:
    just_met, missed = (
        {row.name: row.holds for row in figures([10.0], [busy_ms], 40.0, busy_rate, 0.5) if row.holds is not None}
        for busy_ms, busy_rate in ((16.0, 20.0), (16.1, 19.9))
    )

    assert {"p99_over_quiet": True, "stream_busy_over_quiet": True} == just_met
    assert {"p99_over_quiet": False, "stream_busy_over_quiet": False} == missed
