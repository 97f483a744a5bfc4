"""What can go wrong in the model runtime, in the words of the OpenAI protocol's error object."""


class ModelError(Exception):
    """A sentence for the caller, with the HTTP status and the protocol's error type.

    `retry_after_s` says when the same request is worth sending again, where that is known.
    """

    status = 500
    kind = "server_error"
    retry_after_s: int | None = None

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class ModelUnknown(ModelError):
    """No model of this name is in the catalogue."""

    status = 404
    kind = "invalid_request_error"


class RequestInvalid(ModelError):
    """The request does not fit the protocol or the model."""

    status = 400
    kind = "invalid_request_error"


class NotPermitted(ModelError):
    """The caller has not shown the token that this needs."""

    status = 401
    kind = "authentication_error"


class ModelUnavailable(ModelError):
    """The model is known but cannot be loaded or reached at the moment."""

    status = 503
    kind = "service_unavailable"


class ModelCrashed(ModelUnavailable):
    """The process that ran the model ended in the middle of the request. The next request starts it again."""

    status = 502
    kind = "model_crashed"


class QueueFull(ModelUnavailable):
    """So many requests wait for the device, or so many of the same person, that no more are taken."""

    kind = "queue_full"

    def __init__(self, message: str, retry_after_s: int) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class DoesNotFit(ModelUnavailable):
    """The model needs more memory than this machine can give it."""

    status = 507
    kind = "insufficient_memory"


class ModelFileRefused(ModelError):
    """A file is not a model that can be loaded."""

    status = 400
    kind = "invalid_request_error"


class DownloadFailed(ModelError):
    """A model could not be downloaded: a person has to look at its address, its source or the disk first."""

    status = 502
    kind = "download_failed"


class DownloadInterrupted(DownloadFailed):
    """The network or the server failed; asked again later, it continues the part that was downloaded."""
