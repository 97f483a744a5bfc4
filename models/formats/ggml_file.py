"""GGML files older than GGUF, of the families that llama.cpp no longer loads.

ctransformers loads these files and checks almost nothing: a truncated file, or a file of another family, crashes its
process. So this module checks every part of a file first. A file has a magic number, a header, a vocabulary, and
tensors up to its end, as the loaders of ctransformers 0.2.27 read them (`models/llms/*.cc`). All numbers are
little-endian and 32 bits wide.
"""

import math
import os
import struct
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO

import msgspec

from models.errors import ModelFileRefused
from models.formats.facts import Facts

_MAGIC, *_LATER_MAGICS = MAGICS = (b"lmgg", b"fmgg", b"tjgg", b"ccgg")
# For each tensor type: the number of elements and of bytes per block.
_TYPES: Mapping[int, tuple[int, int]] = MappingProxyType(
    {
        0: (1, 4),
        1: (1, 2),
        2: (32, 18),
        3: (32, 20),
        6: (32, 22),
        7: (32, 24),
        8: (32, 34),
        10: (256, 84),
        11: (256, 110),
        12: (256, 144),
        13: (256, 176),
        14: (256, 210),
    }
)
# The valid values of the header's `ftype` modulo 1000. Other values abort the loader. The thousands are the quantisation
# version.
_FILE_TYPES = {
    0: "F32",
    1: "F16",
    2: "Q4_0",
    3: "Q4_1",
    7: "Q8_0",
    8: "Q5_0",
    9: "Q5_1",
    10: "Q2_K",
    11: "Q3_K",
    12: "Q4_K",
    13: "Q5_K",
    14: "Q6_K",
}
_QUANTISATION_VERSION = 2
_MAX_VOCABULARY, _MAX_WORD, _MAX_NAME = 1 << 20, 1 << 16, 256


class _Family(msgspec.Struct, frozen=True):
    """The header fields and tensor names of a family: `in_layer` follow a layer's prefix `layer`, `others` have no prefix."""

    header: str
    layer: str
    in_layer: str
    others: str
    repeats_vocabulary: bool = False
    scores: bool = False


_GPT2 = _Family(
    "vocabulary context width heads layers ftype",
    "model/h{}/",
    "ln_1/g ln_1/b ln_2/g ln_2/b attn/c_attn/w attn/c_attn/b attn/c_proj/w attn/c_proj/b mlp/c_fc/w mlp/c_fc/b "
    "mlp/c_proj/w mlp/c_proj/b",
    "model/wte model/wpe model/ln_f/g model/ln_f/b",
    repeats_vocabulary=True,
)
_NEOX = _Family(
    "vocabulary context width heads layers rotary parallel ftype",
    "gpt_neox.layers.{}.",
    "input_layernorm.weight input_layernorm.bias attention.query_key_value.weight attention.query_key_value.bias "
    "attention.dense.weight attention.dense.bias post_attention_layernorm.weight post_attention_layernorm.bias "
    "mlp.dense_h_to_4h.weight mlp.dense_h_to_4h.bias mlp.dense_4h_to_h.weight mlp.dense_4h_to_h.bias",
    "gpt_neox.embed_in.weight gpt_neox.final_layer_norm.weight gpt_neox.final_layer_norm.bias embed_out.weight",
)
_MPT_LAYER = "norm_1.weight attn.Wqkv.weight attn.out_proj.weight norm_2.weight ffn.up_proj.weight ffn.down_proj.weight"
_MPT_OTHERS = "transformer.wte.weight transformer.norm_f.weight"
FAMILIES: Mapping[str, _Family] = MappingProxyType(
    {
        "gpt2": _GPT2,
        "starcoder": _GPT2,
        "gptj": _Family(
            "vocabulary context width heads layers rotary ftype",
            "transformer.h.{}.",
            "ln_1.weight ln_1.bias attn.q_proj.weight attn.k_proj.weight attn.v_proj.weight attn.out_proj.weight "
            "mlp.fc_in.weight mlp.fc_in.bias mlp.fc_out.weight mlp.fc_out.bias",
            "transformer.wte.weight transformer.ln_f.weight transformer.ln_f.bias lm_head.weight lm_head.bias",
            repeats_vocabulary=True,
        ),
        "gpt_neox": _NEOX,
        "dolly-v2": _NEOX,
        "mpt": _Family(
            "width context heads layers vocabulary alibi clip ftype", "transformer.blocks.{}.", _MPT_LAYER, _MPT_OTHERS
        ),
        "replit": _Family(
            "width context heads layers vocabulary ftype",
            "transformer.blocks.{}.",
            _MPT_LAYER,
            _MPT_OTHERS,
            scores=True,
        ),
    }
)


def read_ggml(file: Path, opened: BinaryIO, family: str) -> Facts:
    """Return the facts of an opened GGML file of a family. Checks every tensor. Raises ModelFileRefused."""
    names = ", ".join(FAMILIES)
    if opened.read(4) != _MAGIC:
        raise ModelFileRefused(
            f"{file.name} is a GGML file of a version that is no longer supported. Use the model's GGUF file."
        )
    if family not in FAMILIES:
        raise ModelFileRefused(
            f"{file.name} is a GGML file, which does not contain its architecture. Name it with --family: {names}."
            if not family
            else f"{family} is not a supported family of GGML files. Supported families: {names}."
        )
    return _Walk(file, opened, family).facts()


class _Walk:
    """Reads a file once, from its header to its last byte."""

    def __init__(self, file: Path, opened: BinaryIO, family: str) -> None:
        self._file, self._opened, self._name, self._family = file, opened, family, FAMILIES[family]
        self._length = os.fstat(opened.fileno()).st_size

    def facts(self) -> Facts:
        self._opened.seek(4)
        header = {field: self._number(field) for field in self._family.header.split()}
        self._check(header)
        self._skip_vocabulary(header["vocabulary"])
        weights, parameters = self._walk_tensors(header["layers"])
        return Facts(
            role="chat",
            backend="ctransformers",
            weights=weights,
            family=self._name,
            name=self._file.stem,
            parameters=parameters,
            quantisation=_FILE_TYPES[header["ftype"] % 1000],
        )

    def _check(self, header: Mapping[str, int]) -> None:
        for field in ("vocabulary", "context", "width", "heads", "layers"):
            if header[field] <= 0:
                raise self._refusal(f"the field {field} of its header is {header[field]}")
        if header["vocabulary"] > _MAX_VOCABULARY or header["width"] % header["heads"]:
            raise self._refusal("its header is invalid")
        version, ftype = divmod(header["ftype"], 1000)
        if ftype not in _FILE_TYPES or (ftype > 1 and version != _QUANTISATION_VERSION):
            raise self._refusal(f"its quantisation {header['ftype']} is not supported")

    def _skip_vocabulary(self, count: int) -> None:
        if self._family.repeats_vocabulary and self._number("vocabulary") != count:
            raise self._refusal("it has two different sizes of its vocabulary")
        for _ in range(count):
            length = self._number("a word")
            if not 0 <= length <= _MAX_WORD:
                raise self._refusal(f"a word of its vocabulary has {length} bytes")
            self._take(length + (4 if self._family.scores else 0), "its vocabulary")

    def _walk_tensors(self, layers: int) -> tuple[int, int]:
        """Check all tensors. Return the total number of bytes and of elements in them."""
        names: set[str] = set()
        size = count = 0
        while self._opened.tell() < self._length:
            dimensions, name_length, kind = struct.unpack("<3i", self._take(12, "a tensor"))
            if dimensions not in (1, 2) or not 0 < name_length <= _MAX_NAME or kind not in _TYPES:
                raise self._refusal(f"its tensor {len(names)} has {dimensions} dimensions and the type {kind}")
            shape = struct.unpack(f"<{dimensions}i", self._take(4 * dimensions, "a tensor"))
            name = self._take(name_length, "a tensor").decode("utf-8", "replace")
            block, block_size = _TYPES[kind]
            if min(shape) <= 0 or shape[0] % block or name in names:
                raise self._refusal(f"its tensor {name} has the shape {shape} or appears twice")
            names.add(name)
            numbers = math.prod(shape)
            self._skip(numbers // block * block_size, name)
            size, count = size + numbers // block * block_size, count + numbers
        missing = self._expected(layers) - names
        if missing:
            raise self._refusal(f"{len(missing)} of its tensors are missing, such as {min(missing)}. Check its family")
        return size, count

    def _expected(self, layers: int) -> set[str]:
        in_layer = self._family.in_layer.split()
        prefixes = [self._family.layer.format(number) for number in range(layers)]
        return {*self._family.others.split(), *(prefix + name for prefix in prefixes for name in in_layer)}

    def _number(self, part: str) -> int:
        return int.from_bytes(self._take(4, part), "little", signed=True)

    def _take(self, length: int, part: str) -> bytes:
        self._check_length(length, part)
        return self._opened.read(length)

    def _skip(self, length: int, part: str) -> None:
        self._check_length(length, part)
        self._opened.seek(length, 1)

    def _check_length(self, length: int, part: str) -> None:
        if self._opened.tell() + length > self._length:
            raise self._refusal(f"it ends within {part}. Download it again")

    def _refusal(self, reason: str) -> ModelFileRefused:
        return ModelFileRefused(f"{self._file.name} cannot be loaded as a {self._name} file: {reason}.")
