"""The facts of a model's files that are known before the model is loaded."""

import msgspec


class Layers(msgspec.Struct, frozen=True, kw_only=True):
    """The parts of a transformer that can be on the processor or on a GPU. Sizes are in bytes.

    `blocks` are the sizes of each layer's weights. `kv_per_token` is the number of values (not bytes) in each layer's
    KV cache per token. `output` and `embedding` are the sizes of the last and first part. `width`, `feed_forward` and
    `vocabulary` are dimensions; `trained_context` is in tokens.
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
    """The content of a file or folder. `layers` is None if the format does not describe the layers.

    `role` and `backend` follow from the format; `family` is the architecture.
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
