"""Downloading a model as a job: which failures are retried, and the clean-up of old files."""

import os
import time

import pytest

from appliance.infrastructure.cleanup import CLEAN_UP, MIN_AGE_S
from models.catalogue import model_download
from models.catalogue.model_download import DOWNLOADS
from models.errors import DownloadFailed, DownloadInterrupted, ModelError, ModelFileRefused
from server.bootstrap import Appliance
from server.model_jobs import DOWNLOAD, ModelDownload, ModelDownloadFailed, ModelNotAdded


@pytest.mark.parametrize(
    ("failure", "error", "is_retried"),
    [
        (DownloadInterrupted, ModelDownloadFailed, True),
        (DownloadFailed, ModelNotAdded, False),
        (ModelFileRefused, ModelNotAdded, False),
    ],
)
def test_only_a_failure_of_the_network_is_retried(
    appliance: Appliance,
    monkeypatch: pytest.MonkeyPatch,
    failure: type[ModelError],
    error: type[Exception],
    is_retried: bool,
) -> None:
    def fail(*_arguments: object, **_options: object) -> None:
        raise failure("It did not come.")

    monkeypatch.setattr(model_download, "download_model", fail)
    job = appliance.dispatcher.create(DOWNLOAD, ModelDownload(model="https://example.org/model.gguf"))

    with pytest.raises(error, match="It did not come"):
        appliance.dispatcher.run_in_process(job)

    assert is_retried == (error in DOWNLOAD.retried)


def test_old_files_in_the_downloads_folder_are_removed(appliance: Appliance) -> None:
    downloads = appliance.folder.models / DOWNLOADS
    downloads.mkdir(parents=True)
    old = time.time() - MIN_AGE_S - 60
    for name in ("whole.gguf", "half.gguf.part", "half.gguf.tag"):
        (downloads / name).touch()
        os.utime(downloads / name, (old, old))
        (downloads / f"new-{name}").touch()
    appliance.dispatcher.run_in_process(appliance.dispatcher.create(CLEAN_UP))

    assert {"new-whole.gguf", "new-half.gguf.part", "new-half.gguf.tag"} == {file.name for file in downloads.iterdir()}
