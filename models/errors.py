"""What can go wrong in the model runtime, in the words of the OpenAI protocol's error object."""


class ModelError(Exception):
    """A sentence for the caller, with the HTTP status and the protocol's error type."""

    status = 500
    kind = "server_error"

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


class ModelUnavailable(ModelError):
    """The model is known but cannot be loaded or reached at the moment."""

    status = 503
    kind = "service_unavailable"


class FileRefused(ModelError):
    """A file is not a model that can be loaded."""

    status = 400
    kind = "invalid_request_error"
