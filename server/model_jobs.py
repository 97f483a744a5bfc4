"""Download a model as a job, so that the list of jobs shows its progress."""

from typing import Annotated, Any, Protocol

import msgspec

from appliance.errors import Refused, Unavailable
from appliance.infrastructure.jobs.context import JobContext
from appliance.infrastructure.jobs.kind import JobKind
from appliance.infrastructure.paths import DataFolder
from models.catalogue.catalogue import Catalogue
from models.errors import DownloadFailed, DownloadInterrupted, ModelError
from models.memory.plan import format_size

MIB = 2**20


class ModelDownloadFailed(Unavailable):
    """The network failed. The downloaded part is kept."""


class ModelNotAdded(Refused):
    """The source does not have the model, the file is not a model, or no model has this name."""


class DownloadParts(Protocol):
    """The parts of the appliance that a download needs."""

    @property
    def catalogue(self) -> Catalogue: ...
    @property
    def folder(self) -> DataFolder: ...


class ModelDownload(msgspec.Struct, frozen=True, kw_only=True):
    """A model: a name from `models recommend` or a URL. Optional: the SHA-256 that its file must have, and a new name."""

    model: Annotated[str, msgspec.Meta(max_length=1000)] = ""
    sha256: str = ""
    name: str = ""


def _prepare(arguments: ModelDownload) -> ModelDownload:
    """Remove spaces around the name. Raises ModelNotAdded if no model is given."""
    model = arguments.model.strip()
    if not model:
        raise ModelNotAdded("No model is given.", remedy="`lampstand models recommend` lists models for this machine.")
    return msgspec.structs.replace(arguments, model=model)


def download_and_add(context: JobContext, arguments: ModelDownload, parts: DownloadParts) -> str:
    """Download and add a model. Raises ModelDownloadFailed or ModelNotAdded."""
    from models.catalogue.model_download import download_model

    model = arguments.model

    def progress(done: int, total: int) -> None:
        of_total = f" of {total / MIB:,.0f}" if total else ""
        context.report(done / total if total else 0.0, f"{model}: {done / MIB:,.0f}{of_total} MiB")

    context.report(0.0, f"downloading {model}", now=True)
    try:
        added = download_model(
            parts.catalogue,
            parts.folder.models,
            model,
            sha256=arguments.sha256,
            name=arguments.name,
            on_progress=progress,
        )
    except DownloadInterrupted as error:
        raise ModelDownloadFailed(error.message, remedy="Check the network connection.") from error
    except DownloadFailed as error:
        raise ModelNotAdded(error.message) from error
    except ModelError as error:
        raise ModelNotAdded(
            error.message, remedy="`lampstand models recommend` lists models for this machine."
        ) from error
    return f"added {added.id} ({format_size(added.size)})"


# A retry resumes the download. The job has many retries, because the network may be down for hours.
DOWNLOAD = JobKind(
    "download",
    download_and_add,
    title=lambda arguments: f"Download {arguments.name or arguments.model}",
    arguments=ModelDownload,
    prepare=_prepare,
    retried=(ModelDownloadFailed,),
    tries=12,
    on_request=True,
)
KINDS: tuple[JobKind[Any, DownloadParts], ...] = (DOWNLOAD,)
