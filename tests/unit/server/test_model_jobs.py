"""Fetching a model as a job: what is worth another try."""

import pytest

from models.errors import DownloadFailed, DownloadInterrupted, FileRefused, ModelError
from server import model_jobs
from server.bootstrap import Appliance
from server.model_jobs import PULL, ModelNotAdded, ModelNotFetched


@pytest.mark.parametrize(
    ("failure", "told", "tried_again"),
    [
        (DownloadInterrupted, ModelNotFetched, True),
        (DownloadFailed, ModelNotAdded, False),
        (FileRefused, ModelNotAdded, False),
    ],
)
def test_only_what_the_network_failed_to_bring_is_tried_again(
    appliance: Appliance, monkeypatch: pytest.MonkeyPatch, failure: type[ModelError], told: type[Exception], tried_again: bool
) -> None:  # fmt: skip
    def fails(*_arguments: object, **_named: object) -> None:
        raise failure("It did not come.")

    monkeypatch.setattr(model_jobs, "pull", fails)
    job = appliance.create_pull_job("https://example.org/model.gguf")

    with pytest.raises(told, match="It did not come"):
        appliance.run_job_here(job, lambda _progress, _message: None)

    assert tried_again == (told in PULL.retried)
