"""Fetching a model, as a job: the model runtime's own work, told of where the other jobs are."""

from typing import Annotated, Any, Protocol

import msgspec

from appliance.errors import Refused, Unavailable
from appliance.infrastructure.jobs.context import JobContext
from appliance.infrastructure.jobs.kind import JobKind
from appliance.infrastructure.paths import DataFolder
from models.catalogue.catalogue import Catalogue
from models.errors import DownloadFailed, DownloadInterrupted, ModelError
from models.memory.plan import in_words

MIB = 2**20


class ModelNotFetched(Unavailable):
    """The network failed; what came so far is kept."""


class ModelNotAdded(Refused):
    """A model cannot be had from where it should come from, what came is no model, or no model has this name."""


class DownloadParts(Protocol):
    """The parts of the appliance that a download needs."""

    @property
    def catalogue(self) -> Catalogue: ...
    @property
    def folder(self) -> DataFolder: ...


class PullArguments(msgspec.Struct, frozen=True, kw_only=True):
    """A model by a known name or an address; the digest its file must have, and the name to give it, if any."""

    model: Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]
    sha256: str = ""
    name: str = ""


def pull_model(context: JobContext, arguments: PullArguments, parts: DownloadParts) -> str:
    """Fetch a model and add it. Raises ModelNotFetched or ModelNotAdded."""
    from models.catalogue.model_download import pull

    wanted = arguments.model

    def progress(done: int, total: int) -> None:
        of = f" of {total / MIB:,.0f}" if total else ""
        context.report(done / total if total else 0.0, f"{wanted}: {done / MIB:,.0f}{of} MiB")

    context.report(0.0, f"fetching {wanted}", now=True)
    try:
        added = pull(
            parts.catalogue,
            parts.folder.models,
            wanted,
            sha256=arguments.sha256,
            name=arguments.name,
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


# A download goes on where it broke off; what it waits for is the network, which may come back tonight.
PULL = JobKind(
    "pull",
    pull_model,
    title=lambda arguments: f"Fetch {arguments.name or arguments.model}",
    arguments=PullArguments,
    retried=(ModelNotFetched,),
    tries=12,
    on_request=True,
)
KINDS: tuple[JobKind[Any, DownloadParts], ...] = (PULL,)
