"""The facts of a model's files that are known before the model is loaded."""

import msgspec


class Layers(msgspec.Struct, frozen=True, kw_only=True):
    """The parts of a transformer that can be on the processor or on a GPU. Sizes are in bytes.

    `blocks` has the size of each layer's weights. `kv_per_token` has, for each layer, the number of values (not bytes) that
    one token adds to the KV cache. `output` is the size of the last part, `embedding` the size of the first part. `width`,
    `feed_forward` and `vocabulary` are dimensions. `trained_context` is in tokens.
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
    """The content of a model's file or folder. `layers` is None if the format does not describe the layers.

    The format determines `role` and `backend`. `family` is the architecture.
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
