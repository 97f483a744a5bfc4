"""Fetching a model as a job: what is worth another try, and what does not stay."""

import os
import time

import pytest

from appliance.infrastructure.tidying import OLD_ENOUGH_S, TIDY
from models.catalogue import model_download
from models.catalogue.model_download import DOWNLOADS
from models.errors import DownloadFailed, DownloadInterrupted, ModelError, ModelFileRefused
from server.bootstrap import Appliance
from server.model_jobs import PULL, ModelNotAdded, ModelNotFetched, PullArguments


@pytest.mark.parametrize(
    ("failure", "told", "tried_again"),
    [
        (DownloadInterrupted, ModelNotFetched, True),
        (DownloadFailed, ModelNotAdded, False),
        (ModelFileRefused, ModelNotAdded, False),
    ],
)
def test_only_what_the_network_failed_to_bring_is_tried_again(
    appliance: Appliance,
    monkeypatch: pytest.MonkeyPatch,
    failure: type[ModelError],
    told: type[Exception],
    tried_again: bool,
) -> None:
    def fails(*_arguments: object, **_named: object) -> None:
        raise failure("It did not come.")

    monkeypatch.setattr(model_download, "pull", fails)
    job = appliance.dispatcher.create(PULL, PullArguments(model="https://example.org/model.gguf"))

    with pytest.raises(told, match="It did not come"):
        appliance.dispatcher.run_here(job)

    assert tried_again == (told in PULL.retried)


def test_every_old_file_of_the_downloads_folder_is_removed(appliance: Appliance) -> None:
    downloads = appliance.folder.models / DOWNLOADS
    downloads.mkdir(parents=True)
    old = time.time() - OLD_ENOUGH_S - 60
    for name in ("whole.gguf", "half.gguf.part", "half.gguf.tag"):
        (downloads / name).touch()
        os.utime(downloads / name, (old, old))
        (downloads / f"new-{name}").touch()
    appliance.dispatcher.run_here(appliance.dispatcher.create(TIDY))

    assert {"new-whole.gguf", "new-half.gguf.part", "new-half.gguf.tag"} == {each.name for each in downloads.iterdir()}
