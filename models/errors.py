"""The errors of the model runtime, with the fields of the OpenAI protocol's error object."""


class ModelError(Exception):
    """A message for the caller, with the HTTP status and the protocol's error type.

    `retry_after_s` is the number of seconds after which the caller may send the request again; None if it is unknown.
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
    """The caller did not send the required token."""

    status = 401
    kind = "authentication_error"


class ModelUnavailable(ModelError):
    """The model is known but cannot be loaded or reached at the moment."""

    status = 503
    kind = "service_unavailable"


class ModelCrashed(ModelUnavailable):
    """The child process of the model died during the request. The next request starts the process again."""

    status = 502
    kind = "model_crashed"


class QueueFull(ModelUnavailable):
    """The queue of the device is full, or the user has too many waiting requests."""

    kind = "queue_full"

    def __init__(self, message: str, retry_after_s: int) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class DoesNotFit(ModelUnavailable):
    """The model needs more memory than this machine has available."""

    status = 507
    kind = "insufficient_memory"


class ModelFileRefused(ModelError):
    """The file is not a model that can be loaded."""

    status = 400
    kind = "invalid_request_error"


class DownloadFailed(ModelError):
    """A model could not be downloaded. A person must check the address, the source or the disk before the next attempt."""

    status = 502
    kind = "download_failed"


class DownloadInterrupted(DownloadFailed):
    """The network or the server failed. Another attempt continues the partial download."""
