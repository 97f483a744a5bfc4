"""What is known of a model's files before they are loaded."""

import msgspec


class Layers(msgspec.Struct, frozen=True, kw_only=True):
    """The parts of a transformer whose place in memory can be chosen. Sizes are bytes.

    `blocks` are the weights of each layer, `kv_per_token` what each keeps of a token as numbers (not bytes); `output`
    and `embedding` the two ends. `width`, `feed_forward` and `vocabulary` are counts of numbers, `trained_context` of
    tokens.
    """

    blocks: list[int]
    kv_per_token: list[int]
    output: int
    embedding: int
    width: int
    feed_forward: int
    vocabulary: int
    heads: int
    trained_context: int


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What a file or folder holds. `layers` is None where its format does not say.

    `role` and `backend` are what it is for, by its format; `family` is the architecture.
    """

    role: str
    backend: str
    weights: int
    family: str = ""
    name: str = ""
    licence: str = ""
    parameters: int = 0
    quantisation: str = ""
    chat_template: bool = False
    layers: Layers | None = None
