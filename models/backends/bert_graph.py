"""Build an ONNX graph from the weights of a BERT model in a sentence-transformers folder, without torch.

Masked mean pooling and L2 normalisation are part of the graph.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import numpy as np
from msgspec import Meta
from onnx import ModelProto, TensorProto, checker, helper, numpy_helper
from safetensors import SafetensorError
from safetensors.numpy import load_file

from models.errors import ModelFileRefused

OPSET = 17
# The version of the ONNX file format. The oldest supported ONNX Runtime can read it.
FILE_VERSION = 8
_MODULES = (["Transformer", "Pooling"], ["Transformer", "Pooling", "Normalize"])
Size = Annotated[int, Meta(gt=0)]


class Module(msgspec.Struct, frozen=True):
    """A step of a sentence-transformers model. `type` is the name of the step's class."""

    type: str


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """The `config.json` of a BERT. A field with a fixed value here has another value in models that are not supported."""

    model_type: Literal["bert"]
    hidden_act: Literal["gelu"]
    hidden_size: Size
    intermediate_size: Size
    num_attention_heads: Size
    num_hidden_layers: Size
    layer_norm_eps: float
    max_position_embeddings: Size
    type_vocab_size: Size
    vocab_size: Size
    position_embedding_type: Literal["absolute"] = "absolute"
    is_decoder: Literal[False] = False


def build_bert_graph(folder: Path) -> ModelProto:
    """Return the fp32 graph of the model in a sentence-transformers folder.

    The graph has the inputs `input_ids` and `attention_mask` (batch × tokens, int64) and the output `embedding` (batch ×
    width).
    Raises ModelFileRefused for a model that is not a BERT with mean pooling.
    """
    config = _read_config(folder)
    _check_pooling(folder)
    graph = _Graph(_read_weights(folder), config)
    hidden = graph.embeddings()
    mask = graph.attention_bias()
    for layer in range(config.num_hidden_layers):
        hidden = graph.layer(f"encoder.layer.{layer}", hidden, mask)
    return graph.finish(graph.pooled(hidden))


class _Graph:
    """Builds a graph. Each method appends operations to the graph, and returns the name of their result."""

    def __init__(self, weights: Mapping[str, np.ndarray], config: Config) -> None:
        self._weights, self._config = weights, config
        self._nodes: list[Any] = []
        self._constants: dict[str, Any] = {}

    def embeddings(self) -> str:
        """Append word and position embeddings. All tokens have the first token type, so its row is added to all positions."""
        config = self._config
        width = config.hidden_size
        words = self._weight("embeddings.word_embeddings.weight", config.vocab_size, width)
        types = self._weight("embeddings.token_type_embeddings.weight", config.type_vocab_size, width)
        positions = self._weight("embeddings.position_embeddings.weight", config.max_position_embeddings, width)
        tokens = self._apply("Shape", "input_ids", start=1, end=2)
        first = self._apply(
            "Slice", self._constant("positions", positions + types[0]), self._integers("zero", 0), tokens
        )
        looked_up = self._apply("Gather", self._constant("words", words), "input_ids")
        return self._normalised("embeddings.LayerNorm", self._apply("Add", looked_up, first))

    def attention_bias(self) -> str:
        """The bias of the attention scores: 0 for a token, the lowest float for padding. Shape: batch × 1 × 1 × tokens."""
        mask = self._apply("Cast", "attention_mask", to=TensorProto.FLOAT)
        padding = self._apply("Sub", self._number("one", 1.0), mask)
        bias = self._apply("Mul", padding, self._number("lowest", float(np.finfo(np.float32).min)))
        return self._apply("Unsqueeze", bias, self._integers("head_axes", 1, 2))

    def layer(self, name: str, hidden: str, bias: str) -> str:
        """A layer of the encoder: attention and feed-forward, each with a residual and a normalisation."""
        config = self._config
        width, inner = config.hidden_size, config.intermediate_size
        attended = self._attention(f"{name}.attention.self", hidden, bias)
        projected = self._linear(f"{name}.attention.output.dense", attended, width, width)
        hidden = self._normalised(f"{name}.attention.output.LayerNorm", self._apply("Add", projected, hidden))
        widened = self._gelu(self._linear(f"{name}.intermediate.dense", hidden, width, inner))
        narrowed = self._linear(f"{name}.output.dense", widened, inner, width)
        return self._normalised(f"{name}.output.LayerNorm", self._apply("Add", narrowed, hidden))

    def pooled(self, hidden: str) -> str:
        """The mean of the tokens' vectors without padding, normalised to length 1."""
        mask = self._apply("Cast", "attention_mask", to=TensorProto.FLOAT)
        row = self._apply("Unsqueeze", mask, self._integers("row_axis", 1))
        total = self._apply("Squeeze", self._apply("MatMul", row, hidden), self._integers("row_axis", 1))
        count = self._apply("ReduceSum", mask, self._integers("token_axis", 1))
        return self._apply("LpNormalization", self._apply("Div", total, count), axis=1, p=2)

    def finish(self, result: str) -> ModelProto:
        """Make `result` the output `embedding`, check the model, and return it."""
        self._nodes.append(helper.make_node("Identity", [result], ["embedding"]))
        ids, mask = (
            helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "tokens"])
            for name in ("input_ids", "attention_mask")
        )
        shape = ["batch", self._config.hidden_size]
        embedding = helper.make_tensor_value_info("embedding", TensorProto.FLOAT, shape)
        graph = helper.make_graph(self._nodes, "bert", [ids, mask], [embedding], list(self._constants.values()))
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=FILE_VERSION)
        checker.check_model(model, full_check=True)
        return model

    def _attention(self, name: str, hidden: str, bias: str) -> str:
        width, heads = self._config.hidden_size, self._config.num_attention_heads
        query, key, value = (
            self._heads(self._linear(f"{name}.{part}", hidden, width, width), order)
            for part, order in (("query", (0, 2, 1, 3)), ("key", (0, 2, 3, 1)), ("value", (0, 2, 1, 3)))
        )
        scale = self._number("scale", 1.0 / np.sqrt(width // heads))
        scores = self._apply("Mul", self._apply("MatMul", query, key), scale)
        shares = self._apply("Softmax", self._apply("Add", scores, bias), axis=-1)
        mixed = self._apply("Transpose", self._apply("MatMul", shares, value), perm=(0, 2, 1, 3))
        return self._apply("Reshape", mixed, self._integers("joined", 0, 0, width))

    def _heads(self, projected: str, order: Sequence[int]) -> str:
        heads = self._config.num_attention_heads
        size = self._config.hidden_size // heads
        return self._apply(
            "Transpose", self._apply("Reshape", projected, self._integers("divided", 0, 0, heads, size)), perm=order
        )

    def _linear(self, name: str, value: str, inputs: int, outputs: int) -> str:
        weight = np.ascontiguousarray(self._weight(f"{name}.weight", outputs, inputs).T)
        bias = self._constant(f"{name}.bias", self._weight(f"{name}.bias", outputs))
        return self._apply("Add", self._apply("MatMul", value, self._constant(f"{name}.weight", weight)), bias)

    def _gelu(self, value: str) -> str:
        """Apply x · (1 + erf(x / √2)) / 2. ONNX Runtime fuses the operations in this order into one operation."""
        error = self._apply("Erf", self._apply("Div", value, self._number("root", np.sqrt(2.0))))
        product = self._apply("Mul", value, self._apply("Add", error, self._number("one", 1.0)))
        return self._apply("Mul", product, self._number("half", 0.5))

    def _normalised(self, name: str, value: str) -> str:
        width = self._config.hidden_size
        tensors = (f"{name}.weight", f"{name}.bias")
        parts = [self._constant(tensor, self._weight(tensor, width)) for tensor in tensors]
        return self._apply("LayerNormalization", value, *parts, axis=-1, epsilon=self._config.layer_norm_eps)

    def _apply(self, operator: str, *inputs: str, **attributes: Any) -> str:
        result = f"{operator}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(operator, list(inputs), [result], name=result, **attributes))
        return result

    def _weight(self, name: str, *shape: int) -> np.ndarray:
        tensor = self._weights.get(name)
        if tensor is None or tensor.shape != shape or tensor.dtype != np.float32:
            actual = "missing" if tensor is None else f"{tensor.dtype} {tensor.shape}"
            raise ModelFileRefused(f"The weights do not match config.json: {name} is {actual}, not float32 {shape}.")
        return tensor

    def _constant(self, name: str, value: np.ndarray) -> str:
        self._constants.setdefault(name, numpy_helper.from_array(value, name))
        return name

    def _number(self, name: str, value: float) -> str:
        return self._constant(name, np.array(value, dtype=np.float32))

    def _integers(self, name: str, *values: int) -> str:
        return self._constant(name, np.array(values, dtype=np.int64))


def _read_config(folder: Path) -> Config:
    try:
        config = msgspec.json.decode((folder / "config.json").read_bytes(), type=Config)
    except (OSError, msgspec.MsgspecError) as error:
        raise ModelFileRefused(f"{folder.name} is not a BERT that can be converted to ONNX: {error}.") from error
    if config.hidden_size % config.num_attention_heads:
        raise ModelFileRefused(
            f"{folder.name} cannot be converted to ONNX: its width {config.hidden_size} is not divisible by its "
            f"{config.num_attention_heads} attention heads."
        )
    return config


def _check_pooling(folder: Path) -> None:
    """Check that the model uses mean pooling. Raises ModelFileRefused."""
    try:
        modules = msgspec.json.decode((folder / "modules.json").read_bytes(), type=list[Module])
        pooling = msgspec.json.decode((folder / "1_Pooling" / "config.json").read_bytes(), type=dict[str, Any])
    except (OSError, msgspec.MsgspecError) as error:
        raise ModelFileRefused(f"{folder.name} has no readable pooling configuration: {error}.") from error
    modes = [name for name, used in pooling.items() if name.startswith("pooling_mode_") and used]
    if [module.type.rpartition(".")[2] for module in modules] not in _MODULES or modes != ["pooling_mode_mean_tokens"]:
        raise ModelFileRefused(f"{folder.name} cannot be converted to ONNX: only mean pooling is supported.")


def _read_weights(folder: Path) -> Mapping[str, np.ndarray]:
    try:
        return load_file(folder / "model.safetensors")
    except (OSError, SafetensorError) as error:
        raise ModelFileRefused(f"The weights of {folder.name} cannot be read: {error}.") from error
