"""Events of a generation, from the queue to the end."""

import msgspec

from models.child.frames import GenerationFinished, Piece, Working


class Waiting(msgspec.Struct, frozen=True):
    """The request waits in the queue. The request with `position` 1 is served next."""

    position: int


class Loading(msgspec.Struct, frozen=True):
    """The model is being loaded for this request."""

    model: str


class Alive(msgspec.Struct, frozen=True):
    """There is no news, but the request is still in progress."""


GenerationEvent = Waiting | Loading | Alive | Working | Piece | GenerationFinished
