"""GGUF, the format of llama.cpp, read with the library `gguf`.

https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
"""

import math
import os
import struct
from pathlib import Path
from typing import Any, BinaryIO

from models.errors import ModelFileRefused
from models.formats.facts import Facts, Layers

MAGIC = b"GGUF"
VERSIONS = (2, 3)
_HEAD = struct.Struct("<4sIQQ")
# The minimum number of bytes that a key and that a tensor take in the header.
_MIN_KEY_BYTES, _MIN_TENSOR_BYTES = 8 + 1 + 4 + 1, 8 + 1 + 4 + 8 + 4 + 8
MAX_LAYERS = 1000
# Architectures that cannot generate text: encoders, and the vision and audio parts of other models.
_CANNOT_CHAT = frozenset(
    "bert modern-bert nomic-bert nomic-bert-moe neo-bert jina-bert-v2 jina-bert-v3 eurobert gemma-embedding t5encoder "
    "clip mmproj wavtokenizer-dec".split()
)


def check_head(file: Path, opened: BinaryIO) -> None:
    """Check the first bytes and the length of a GGUF file. Raises ModelFileRefused."""
    head = opened.read(_HEAD.size)
    if len(head) < _HEAD.size:
        raise ModelFileRefused(f"{file.name} ends within its first bytes. Download it again.")
    _, version, tensors, keys = _HEAD.unpack(head)
    if version not in VERSIONS:
        raise ModelFileRefused(
            f"{file.name} is a GGUF file of version {version}. The supported versions are {VERSIONS[0]} "
            f"and {VERSIONS[1]}."
        )
    if not tensors:
        raise ModelFileRefused(f"{file.name} contains no tensors: it is a vocabulary, not a model.")
    if tensors * _MIN_TENSOR_BYTES + keys * _MIN_KEY_BYTES > _length(opened):
        raise ModelFileRefused(
            f"{file.name} is damaged: it is too short for the {tensors:,} tensors and {keys:,} keys in its header."
        )


def read_gguf(file: Path, opened: BinaryIO) -> Facts:
    """Return the facts of an opened GGUF file. Checks that every tensor is within the file. Raises ModelFileRefused."""
    import gguf

    check_head(file, opened)
    try:
        # `GGUFReader` accepts an open file as well as a path.
        reader = gguf.GGUFReader(opened)
    except (
        ValueError,
        KeyError,
        IndexError,
        TypeError,
        OverflowError,
        MemoryError,
        RecursionError,  # the reader recurses per level of nested arrays
    ) as error:
        raise ModelFileRefused(f"{file.name} is damaged or incomplete. Download it again.") from error
    _check_tensors(file, reader, _length(opened))
    metadata = _Metadata(file, reader)
    family = str(metadata.get("general.architecture", ""))
    if family not in gguf.MODEL_ARCH_NAMES.values():
        raise ModelFileRefused(
            f"{file.name} has the architecture {family or '(none)'}, which llama.cpp does not support."
        )
    if family in _CANNOT_CHAT:
        raise ModelFileRefused(
            f"{file.name} has the architecture {family}, which cannot generate text. Choose a chat model."
        )
    if metadata.number("split.count") > 1:
        raise ModelFileRefused(
            f"{file.name} is one part of a split model. Join the parts with llama-gguf-split --merge first."
        )
    sizes = {tensor.name: _size(gguf, tensor) for tensor in reader.tensors}
    return Facts(
        role="chat",
        backend="llama_cpp",
        weights=sum(sizes.values()),
        family=family,
        name=str(metadata.get("general.name", "")),
        licence=str(metadata.get("general.license", "")),
        parameters=sum(math.prod(map(int, tensor.shape)) for tensor in reader.tensors),
        quantisation=_quantisation(gguf, metadata),
        chat_template=bool(metadata.get("tokenizer.chat_template", "")),
        layers=_layers(file, metadata, family, sizes),
    )


class _Metadata:
    """The keys of a file. A value is decoded only when it is read: a vocabulary has hundreds of thousands of entries."""

    def __init__(self, file: Path, reader: Any) -> None:
        self._file, self._reader = file, reader

    def get(self, key: str, default: Any) -> Any:
        field = self._reader.get_field(key)
        try:
            return default if field is None else field.contents()
        except (ValueError, IndexError, UnicodeDecodeError) as error:
            raise ModelFileRefused(f"{self._file.name} is damaged: {key} cannot be read ({error}).") from error

    def length(self, key: str) -> int:
        field = self._reader.get_field(key)
        return 0 if field is None else len(field.data)

    def number(self, key: str, default: int = 0) -> int:
        value = self.get(key, default)
        if isinstance(value, list):
            value = max(value, default=default)
        if not _is_number(value):
            raise ModelFileRefused(f"{self._file.name} is damaged: {key} is {value!r}.")
        return int(value)

    def per_layer(self, key: str, layers: int, default: int) -> list[int]:
        """Return one number per layer. Some files have a single number, which is for all layers."""
        value = self.get(key, default)
        numbers = value if isinstance(value, list) else [value] * layers
        if len(numbers) < layers or not all(map(_is_number, numbers)):
            raise ModelFileRefused(f"{self._file.name} is damaged: {key} does not match its {layers} layers.")
        return numbers[:layers]


def _is_number(value: object) -> bool:
    """Return whether a value is an integer in the expected range. A bool is an int in Python, but is not accepted here."""
    return type(value) is int and 0 <= value < 2**31


def _size(gguf: Any, tensor: Any) -> int:
    block, size = gguf.GGML_QUANT_SIZES[tensor.tensor_type]
    return math.prod(map(int, tensor.shape)) * int(size) // int(block)


def _length(opened: BinaryIO) -> int:
    return os.fstat(opened.fileno()).st_size


def _check_tensors(file: Path, reader: Any, length: int) -> None:
    import gguf

    for tensor in reader.tensors:
        end = int(tensor.data_offset) + _size(gguf, tensor)
        if end > length or int(tensor.data_offset) < int(reader.data_offset):
            raise ModelFileRefused(
                f"{file.name} is incomplete: its tensor {tensor.name} would end at byte {end:,} of {length:,}. "
                "Download it again."
            )


def _quantisation(gguf: Any, metadata: _Metadata) -> str:
    try:
        return str(gguf.LlamaFileType(metadata.number("general.file_type")).name).removeprefix("MOSTLY_")
    except ValueError:
        return ""


def _layers(file: Path, metadata: _Metadata, family: str, sizes: dict[str, int]) -> Layers:
    count, width = metadata.number(f"{family}.block_count"), metadata.number(f"{family}.embedding_length")
    if not 0 < count <= MAX_LAYERS or not width:
        raise ModelFileRefused(f"{file.name} is damaged: its header has {count} layers of width {width}.")
    heads = metadata.per_layer(f"{family}.attention.head_count", count, 1)
    # A layer without attention has no heads, and no KV cache.
    kv_heads = (
        metadata.per_layer(f"{family}.attention.head_count_kv", count, 0)
        if metadata.get(f"{family}.attention.head_count_kv", None) is not None
        else heads
    )
    default_size = width // max(1, *heads)
    key, value = (metadata.number(f"{family}.attention.{part}_length", default_size) for part in ("key", "value"))
    return Layers(
        blocks=[_block(sizes, number) for number in range(count)],
        kv_per_token=[heads_of_layer * (key + value) for heads_of_layer in kv_heads],
        # If the input and output layers share their weights, the output's device has a second copy of these weights.
        output=sum(size for name, size in sizes.items() if name.startswith("output"))
        + (0 if "output.weight" in sizes else sizes.get("token_embd.weight", 0)),
        embedding=sum(size for name, size in sizes.items() if not name.startswith(("blk.", "output"))),
        width=width,
        feed_forward=metadata.number(f"{family}.feed_forward_length", 4 * width),
        vocabulary=metadata.length("tokenizer.ggml.tokens") or metadata.number(f"{family}.vocab_size"),
        heads=max(heads),
        trained_context=metadata.number(f"{family}.context_length", 2048) or 2048,
    )


def _block(sizes: dict[str, int], number: int) -> int:
    prefix = f"blk.{number}."
    return sum(size for name, size in sizes.items() if name.startswith(prefix))
