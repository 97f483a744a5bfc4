"""Chat models with random weights, of any size, in the real file format of llama.cpp. Used if no real model is available."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gguf
import msgspec
import numpy as np

WORDS = (" the", " and", " of", " to", " in", " God", " love", " peace", " light", " word", " is", " was", " he", ".")
_BYTES = 256


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """The architecture and vocabulary of a model.

    `special` are the control tokens of its family, in order. `markers` are its user-defined tokens. `end` is the token that
    ends a turn. `space_prefix` adds a space before each text, like many SentencePiece vocabularies.
    """

    architecture: str = "llama"
    name: str = "tiny"
    width: int = 64
    layers: int = 2
    heads: int = 4
    kv_heads: int = 4
    head_size: int = 16
    feed_forward: int = 128
    context: int = 8192
    tied: bool = False
    attention_bias: bool = False
    norms_after: bool = False
    rope_factors: tuple[float, ...] = ()
    special: tuple[str, ...] = ("<unk>", "<s>", "</s>")
    markers: tuple[str, ...] = ()
    space_prefix: bool = False
    begin: str = "<s>"
    end: str = "</s>"
    adds_begin: bool = True
    template: str = ""


def write_random_model(path: Path, shape: Shape, *, seed: int = 7) -> Path:
    """Write a model file. The model generates letters until the request stops it."""
    writer = gguf.GGUFWriter(str(path), shape.architecture)
    _add_shape(writer, shape)
    tokens = _add_vocabulary(writer, shape)
    random = np.random.default_rng(seed)
    for name, size in _tensors(shape, len(tokens)):
        if len(size) == 1:
            # Gemma stores its norms minus one, and llama.cpp's converter adds one. So ones are correct here for all models.
            values = np.ones(size, np.float32) if "norm" in name else np.zeros(size, np.float32)
        else:
            values = random.standard_normal(size, np.float32) * np.float32(0.1)
        if name == ("token_embd.weight" if shape.tied else "output.weight"):
            values = _only_letters(values * np.float32(3), tokens)
        writer.add_tensor(name, values)
    if shape.rope_factors:
        writer.add_tensor("rope_freqs.weight", np.asarray(shape.rope_factors, np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _add_shape(writer: Any, shape: Shape) -> None:
    writer.add_name(shape.name)
    writer.add_context_length(shape.context)
    writer.add_embedding_length(shape.width)
    writer.add_block_count(shape.layers)
    writer.add_feed_forward_length(shape.feed_forward)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.kv_heads)
    writer.add_key_length(shape.head_size)
    writer.add_value_length(shape.head_size)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(shape.head_size)
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)


def _add_vocabulary(writer: Any, shape: Shape) -> Sequence[str]:
    """Write a SentencePiece vocabulary for any text: control tokens, 256 bytes, words."""
    kinds = gguf.TokenType
    tokens = [(text, kinds.UNKNOWN if text == "<unk>" else kinds.CONTROL) for text in shape.special]
    tokens += [(text, kinds.USER_DEFINED) for text in shape.markers]
    tokens += [(f"<0x{byte:02X}>", kinds.BYTE) for byte in range(_BYTES)]
    tokens += [(word.replace(" ", "▁"), kinds.NORMAL) for word in WORDS]
    texts = [text for text, _ in tokens]
    writer.add_tokenizer_model("llama")
    writer.add_token_list([text.encode() for text in texts])
    writer.add_token_scores([0.0] * len(tokens))
    writer.add_token_types([kind.value for _, kind in tokens])
    if shape.begin:
        writer.add_bos_token_id(texts.index(shape.begin))
    writer.add_eos_token_id(texts.index(shape.end))
    writer.add_add_bos_token(shape.adds_begin)
    writer.add_add_space_prefix(shape.space_prefix)
    if "<unk>" in texts:
        writer.add_unk_token_id(texts.index("<unk>"))
    if shape.template:
        writer.add_chat_template(shape.template)
    return texts


def _tensors(shape: Shape, vocabulary: int) -> list[tuple[str, tuple[int, ...]]]:
    width, queries, keys = shape.width, shape.heads * shape.head_size, shape.kv_heads * shape.head_size
    tensors: list[tuple[str, tuple[int, ...]]] = [
        ("token_embd.weight", (vocabulary, width)),
        ("output_norm.weight", (width,)),
    ]
    if not shape.tied:
        tensors.append(("output.weight", (vocabulary, width)))
    for layer in range(shape.layers):
        block: list[tuple[str, tuple[int, ...]]] = [
            ("attn_norm", (width,)),
            ("attn_q", (queries, width)),
            ("attn_k", (keys, width)),
            ("attn_v", (keys, width)),
            ("attn_output", (width, queries)),
            ("ffn_norm", (width,)),
            ("ffn_gate", (shape.feed_forward, width)),
            ("ffn_up", (shape.feed_forward, width)),
            ("ffn_down", (width, shape.feed_forward)),
        ]
        if shape.norms_after:
            block += [("post_attention_norm", (width,)), ("post_ffw_norm", (width,))]
        tensors += [(f"blk.{layer}.{name}.weight", size) for name, size in block]
        if shape.attention_bias:
            biases = (("attn_q", queries), ("attn_k", keys), ("attn_v", keys))
            tensors += [(f"blk.{layer}.{name}.bias", (size,)) for name, size in biases]
    return tensors


def _only_letters(rows: np.ndarray, tokens: Sequence[str]) -> np.ndarray:
    """Set the rows of control tokens and of bytes other than letters to zero, so that the model rarely chooses these tokens."""
    letters = {f"<0x{ord(letter):02X}>" for letter in "abcdefghijklmnopqrstuvwxyz"}
    for row, token in enumerate(tokens):
        if token not in letters and token.startswith("<"):
            rows[row] = 0
    return rows
