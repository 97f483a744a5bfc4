"""Fetching a model, as a job: the model runtime's own work, told of where the other jobs are."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from appliance.errors import Refused, Unavailable
from appliance.infrastructure.jobs.kind import JobKind
from appliance.infrastructure.jobs.runner import JobContext
from models.catalogue.catalogue import Catalogue
from models.errors import DownloadFailed, DownloadInterrupted, ModelError
from models.memory.plan import in_words

MIB = 2**20


class ModelNotFetched(Unavailable):
    """The network failed; what came so far is kept."""


class ModelNotAdded(Refused):
    """A model cannot be had from where it should come from, what came is no model, or no model has this name."""


# A download goes on where it broke off; what it waits for is the network, which may come back tonight.
PULL = JobKind(name="pull", retried=(ModelNotFetched,), tries=12)


def pull_model(context: JobContext, arguments: Mapping[str, Any], *, catalogue: Catalogue, folder: Path) -> str:
    """Fetch the model `model`, a known name or an address, and add it. Raises ModelNotFetched or ModelNotAdded."""
    from models.catalogue.model_download import pull

    wanted = str(arguments["model"])

    def progress(done: int, total: int) -> None:
        of = f" of {total / MIB:,.0f}" if total else ""
        context.report(done / total if total else 0.0, f"{wanted}: {done / MIB:,.0f}{of} MiB")

    context.report(0.0, f"fetching {wanted}", now=True)
    try:
        added = pull(
            catalogue,
            folder,
            wanted,
            sha256=str(arguments.get("sha256", "")),
            name=str(arguments.get("name", "")),
            on_progress=progress,
        )
    except DownloadInterrupted as error:
        raise ModelNotFetched(error.message, remedy="Is there a network?") from error
    except DownloadFailed as error:
        raise ModelNotAdded(error.message) from error
    except ModelError as error:
        raise ModelNotAdded(
            error.message, remedy="`lampstand models recommend` names those that fit this machine."
        ) from error
    return f"{added.id} is added ({in_words(added.size)})"
