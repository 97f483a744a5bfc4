"""Import jobs with hostile files: the error messages, the files that remain, and the time until a job is cancelled."""

import contextlib
import os
import re
import threading
import time
from pathlib import Path

import pytest
from fakes.hostile_texts import HARMLESS, HOSTILE

from appliance.errors import ApplianceError
from appliance.infrastructure.jobs.job import Job, JobCancelled, State
from appliance.infrastructure.jobs.kind import JobKinds
from appliance.scripture.jobs import IMPORT, ImportArguments, LocationNotText
from appliance.scripture.library.queries import installed
from server.bootstrap import Appliance
from server.worker import Worker

SENTENCES = re.compile(r"\S[^\n]*\.( [A-Z][^\n]*[.?])+")
# Words from error messages of Python and libraries. They must not appear in Lampstand's messages.
FOREIGN_WORDS = re.compile(
    r"Exceeds the limit|embedded null|codec|invalid literal|recursion|Errno|Traceback|\w+Error\b|surrogates|NoneType|"
    r"list index|Something failed",
    re.IGNORECASE,
)
OUR_ERRORS = {
    "SourceUnreadable",
    "SourceNotFound",
    "ArchiveRefused",
    "FileRefused",
    "TextFaulty",
    "UnknownVersification",
}
AS_JOBS = [name for name in HOSTILE if name not in HARMLESS]


def imported(appliance: Appliance, location: Path) -> Job:
    job = appliance.dispatcher.create(IMPORT, ImportArguments(location=str(location)))
    with contextlib.suppress(ApplianceError):
        appliance.dispatcher.run_in_process(job)
    return appliance.jobs.get(job.id)


def test_every_refusal_is_a_clear_message_and_leaves_no_files(appliance: Appliance, tmp_path: Path) -> None:
    for number, name in enumerate(AS_JOBS):
        folder = tmp_path / f"texts{number}"
        folder.mkdir()
        HOSTILE[name](folder)
        archive = folder / "a.zip"
        job = imported(appliance, archive if archive.exists() else folder)

        assert State.FAILED is job.state, name
        assert job.error_class in OUR_ERRORS, (name, job.error_class, job.error)
        assert job.error, name
        assert SENTENCES.fullmatch(job.error), (name, job.error)
        assert not FOREIGN_WORDS.search(job.error), (name, job.error)
    assert [] == list(appliance.folder.working_folder.glob("*/*"))


def test_a_pipe_does_not_block_the_queue(appliance: Appliance) -> None:
    """A worker refuses a named pipe and continues with the next job."""
    texts = appliance.folder.texts
    texts.mkdir(exist_ok=True)
    os.mkfifo(texts / "pipe.usfm")
    (texts / "text.usfm").write_text("\\id GEN\n\\c 1\n\\v 1 In the beginning.\n")
    blocked = appliance.dispatcher.create(IMPORT, ImportArguments(location=str(texts / "pipe.usfm")))
    behind = appliance.dispatcher.create(IMPORT, ImportArguments(location=str(texts / "text.usfm")))
    consuming = threading.Thread(target=Worker(appliance, "library", JobKinds([IMPORT])).drain, daemon=True)
    consuming.start()
    consuming.join(30)

    assert not consuming.is_alive()
    assert "pipe.usfm is not a regular file." in (appliance.jobs.get(blocked.id).error or "")
    assert State.DONE is appliance.jobs.get(behind.id).state


def test_a_path_that_is_not_utf_8_is_refused_immediately(appliance: Appliance, tmp_path: Path) -> None:
    with pytest.raises(LocationNotText, match="is not UTF-8"):
        appliance.dispatcher.create(
            IMPORT, ImportArguments(location=os.fsdecode(os.fsencode(tmp_path) + b"/\xff.usfm"))
        )


def test_a_file_with_a_name_that_is_not_utf_8_is_imported(appliance: Appliance, tmp_path: Path) -> None:
    folder = tmp_path / "texts"
    folder.mkdir()
    named = os.open(os.fsencode(folder) + b"/b\xff.usfm", os.O_WRONLY | os.O_CREAT, 0o600)
    os.write(named, b"\\id GEN\n\\c 1\n\\v 1 In the beginning.\n")
    os.close(named)

    assert State.DONE is imported(appliance, folder).state


@pytest.mark.parametrize("suffix", ["tsv", "usfm"])
def test_a_cancelled_import_ends_soon_and_changes_nothing(appliance: Appliance, tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"large.{suffix}"
    if suffix == "tsv":
        file.write_text("Gen.1.1\tJohn.1.1\t1\n" * 1_000_000)
    else:
        # All psalms are valid, because an invalid verse would end the import. Long verses make the import slow.
        psalms = "".join(f"\\c {chapter}\n" + _verses() for chapter in range(1, 151))
        file.write_text("\\id PSA\n" + psalms)
    job = appliance.dispatcher.create(IMPORT, ImportArguments(location=str(file)))
    cancelled_at: list[float] = []

    def cancel(_progress: float, message: str) -> None:
        if not cancelled_at and " read" in message:
            appliance.jobs.cancel(job.id)
            cancelled_at.append(time.monotonic())

    with pytest.raises(JobCancelled):
        appliance.dispatcher.run_in_process(job, cancel)

    assert time.monotonic() - cancelled_at[0] < 10
    assert State.CANCELLED is appliance.jobs.get(job.id).state
    assert [] == installed(appliance.library)
    assert [] == list(appliance.folder.working_folder.glob("*/*"))


def _verses() -> str:
    marked = '\\w word|strong="H1"\\w* ' * 20
    return "".join(f"\\v {verse} {marked}\n" for verse in range(1, 100))
