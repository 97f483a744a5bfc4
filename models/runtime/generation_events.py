"""What a request that waits is told before its first word."""

import msgspec

from models.child.frames import GenerationFinished, Piece, Working


class Waiting(msgspec.Struct, frozen=True):
    """`position` 1 is the next."""

    position: int


class Loading(msgspec.Struct, frozen=True):
    """The model is being loaded for this request."""

    model: str


class Alive(msgspec.Struct, frozen=True):
    """Nothing new, but it goes on."""


GenerationEvent = Waiting | Loading | Alive | Working | Piece | GenerationFinished
