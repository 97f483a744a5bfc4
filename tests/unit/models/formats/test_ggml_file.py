"""GGML files are accepted if they are complete, else refused with a reason: the native loader would crash."""

import math
import struct
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.errors import ModelFileRefused
from models.formats.facts import Facts
from models.formats.ggml_file import read_ggml

# The headers and the tensors of one layer, as the loaders of ctransformers read them.
HEADERS = {
    "gpt2": "vocabulary context width heads layers ftype",
    "starcoder": "vocabulary context width heads layers ftype",
    "gptj": "vocabulary context width heads layers rotary ftype",
    "gpt_neox": "vocabulary context width heads layers rotary parallel ftype",
    "dolly-v2": "vocabulary context width heads layers rotary parallel ftype",
    "mpt": "width context heads layers vocabulary alibi clip ftype",
    "replit": "width context heads layers vocabulary ftype",
}
GPT2 = """
    model/wte model/wpe model/ln_f/g model/ln_f/b model/h0/ln_1/g model/h0/ln_1/b model/h0/ln_2/g model/h0/ln_2/b
    model/h0/attn/c_attn/w model/h0/attn/c_attn/b model/h0/attn/c_proj/w model/h0/attn/c_proj/b model/h0/mlp/c_fc/w
    model/h0/mlp/c_fc/b model/h0/mlp/c_proj/w model/h0/mlp/c_proj/b
"""
GPTJ = """
    transformer.wte.weight transformer.ln_f.weight transformer.ln_f.bias lm_head.weight lm_head.bias
    transformer.h.0.ln_1.weight transformer.h.0.ln_1.bias transformer.h.0.attn.q_proj.weight
    transformer.h.0.attn.k_proj.weight transformer.h.0.attn.v_proj.weight transformer.h.0.attn.out_proj.weight
    transformer.h.0.mlp.fc_in.weight transformer.h.0.mlp.fc_in.bias transformer.h.0.mlp.fc_out.weight
    transformer.h.0.mlp.fc_out.bias
"""
NEOX = """
    gpt_neox.embed_in.weight gpt_neox.final_layer_norm.weight gpt_neox.final_layer_norm.bias embed_out.weight
    gpt_neox.layers.0.input_layernorm.weight gpt_neox.layers.0.input_layernorm.bias
    gpt_neox.layers.0.attention.query_key_value.weight gpt_neox.layers.0.attention.query_key_value.bias
    gpt_neox.layers.0.attention.dense.weight gpt_neox.layers.0.attention.dense.bias
    gpt_neox.layers.0.post_attention_layernorm.weight gpt_neox.layers.0.post_attention_layernorm.bias
    gpt_neox.layers.0.mlp.dense_h_to_4h.weight gpt_neox.layers.0.mlp.dense_h_to_4h.bias
    gpt_neox.layers.0.mlp.dense_4h_to_h.weight gpt_neox.layers.0.mlp.dense_4h_to_h.bias
"""
MPT = """
    transformer.wte.weight transformer.norm_f.weight transformer.blocks.0.norm_1.weight
    transformer.blocks.0.attn.Wqkv.weight transformer.blocks.0.attn.out_proj.weight transformer.blocks.0.norm_2.weight
    transformer.blocks.0.ffn.up_proj.weight transformer.blocks.0.ffn.down_proj.weight
"""
TENSORS = {
    "gpt2": GPT2,
    "starcoder": GPT2,
    "gptj": GPTJ,
    "gpt_neox": NEOX,
    "dolly-v2": NEOX,
    "mpt": MPT,
    "replit": MPT,
}
F32, F16, Q4_0 = 0, 1, 2


def tensor(name: str, *shape: int, kind: int = F32, size: int | None = None) -> bytes:
    """A tensor of zeros: 4 numbers, unless the test says more."""
    shape = shape or (4,)
    head = struct.pack(f"<3i{len(shape)}i", len(shape), len(name), kind, *shape)
    return head + name.encode() + bytes(4 * math.prod(shape) if size is None else size)


def tensors_of(family: str) -> list[bytes]:
    return [tensor(name) for name in TENSORS[family].split()]


def vocabulary_of(family: str) -> bytes:
    """Two words. In some families their number is repeated, in one each word has a score."""
    score = bytes(4) if family == "replit" else b""
    words = b"".join(struct.pack("<I", len(word)) + word + score for word in (b"a", b" lamp"))
    return struct.pack("<i", 2) + words if family in ("gpt2", "starcoder", "gptj") else words


def file_of(
    family: str,
    header: Mapping[str, int] | None = None,
    *,
    words: bytes | None = None,
    tensors: Sequence[bytes] | None = None,
) -> bytes:
    """A model of one layer. `header` has the fields that differ from those of a valid file."""
    fields = {
        "vocabulary": 2,
        "context": 16,
        "width": 4,
        "heads": 2,
        "layers": 1,
        "rotary": 2,
        "parallel": 0,
        "alibi": 0,
        "clip": 0,
        "ftype": F16,
    } | dict(header or {})
    names = HEADERS[family].split()
    return (
        b"lmgg"
        + struct.pack(f"<{len(names)}i", *(fields[name] for name in names))
        + (vocabulary_of(family) if words is None else words)
        + b"".join(tensors_of(family) if tensors is None else tensors)
    )


def read(content: bytes, family: str = "mpt") -> Facts:
    with tempfile.TemporaryFile() as opened:
        opened.write(content)
        opened.seek(0)
        return read_ggml(Path("old.bin"), opened, family)


def refusal(content: bytes, family: str = "mpt") -> str:
    with pytest.raises(ModelFileRefused) as error:
        read(content, family)
    return error.value.message


@pytest.mark.parametrize("family", HEADERS)
def test_a_complete_file_of_each_family_is_a_chat_model(family: str) -> None:
    count = len(TENSORS[family].split())

    assert Facts(
        role="chat",
        backend="ctransformers",
        weights=16 * count,
        family=family,
        name="old",
        parameters=4 * count,
        quantisation="F16",
    ) == read(file_of(family), family)


def test_quantised_numbers_are_counted_and_their_blocks_are_measured() -> None:
    # 64 numbers in two blocks of 18 bytes.
    quantised = tensor("transformer.wte.weight", 32, 2, kind=Q4_0, size=36)
    facts = read(file_of("mpt", {"ftype": 2002}, tensors=[quantised, *tensors_of("mpt")[1:]]))

    assert ("Q4_0", 36 + 7 * 16, 64 + 7 * 4) == (facts.quantisation, facts.weights, facts.parameters)


@pytest.mark.parametrize(
    ("ftype", "name"), [(0, "F32"), (1, "F16"), (2001, "F16"), (2003, "Q4_1"), (2007, "Q8_0"), (2014, "Q6_K")]
)
def test_the_quantisation_of_the_header_is_named(ftype: int, name: str) -> None:
    assert name == read(file_of("mpt", {"ftype": ftype})).quantisation


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ({"context": 0}, "the field context of its header is 0"),
        ({"layers": -1}, "the field layers of its header is -1"),
        ({"heads": 0}, "the field heads of its header is 0"),
        ({"width": 6, "heads": 4}, "its header is invalid"),
        ({"vocabulary": 2**20 + 1}, "its header is invalid"),
        ({"ftype": 4}, "its quantisation 4 is not supported"),
        ({"ftype": -1}, "its quantisation -1 is not supported"),
        # Blocks of the first version have another size.
        ({"ftype": 2}, "its quantisation 2 is not supported"),
        ({"ftype": 1002}, "its quantisation 1002 is not supported"),
    ],
)
def test_an_invalid_header_is_refused(header: dict[str, int], reason: str) -> None:
    assert f"old.bin cannot be loaded as a mpt file: {reason}." == refusal(file_of("mpt", header))


def test_two_different_sizes_of_the_vocabulary_are_refused() -> None:
    vocabulary = struct.pack("<i", 3) + vocabulary_of("gpt2")[4:]

    assert "two different sizes of its vocabulary" in refusal(file_of("gpt2", words=vocabulary), "gpt2")


@pytest.mark.parametrize(
    ("length", "reason"),
    [
        (-1, "a word of its vocabulary has -1 bytes"),
        (2**16 + 1, "a word of its vocabulary has 65537 bytes"),
        (2**16, "it ends within its vocabulary. Download it again"),
    ],
)
def test_a_word_of_an_impossible_length_is_refused(length: int, reason: str) -> None:
    assert reason in refusal(file_of("mpt", words=struct.pack("<i", length)))


@pytest.mark.parametrize(
    ("first", "reason"),
    [
        (tensor("transformer.wte.weight", 2, 2, 1), "its tensor 0 has 3 dimensions and the type 0"),
        (tensor("transformer.wte.weight", kind=5), "its tensor 0 has 1 dimensions and the type 5"),
        (tensor(""), "its tensor 0 has"),
        (tensor("a" * 257), "its tensor 0 has"),
        (tensor("transformer.wte.weight", 4, 0), "transformer.wte.weight has the shape (4, 0)"),
        (tensor("transformer.wte.weight", -4, size=0), "transformer.wte.weight has the shape (-4,)"),
        # A row of 16 numbers is half a block.
        (tensor("transformer.wte.weight", 16, 2, kind=Q4_0, size=18), "transformer.wte.weight has the shape (16, 2)"),
        (tensor("transformer.wte.weight") * 2, "transformer.wte.weight has the shape (4,) or appears twice"),
        (tensor("transformer.wte.weight", 2**31 - 1, 2**31 - 1, size=4), "it ends within transformer.wte.weight"),
    ],
)
def test_an_impossible_tensor_is_refused(first: bytes, reason: str) -> None:
    assert reason in refusal(file_of("mpt", tensors=[first, *tensors_of("mpt")[1:]]))


def test_a_missing_tensor_is_named() -> None:
    message = refusal(file_of("mpt", tensors=tensors_of("mpt")[:1] + tensors_of("mpt")[2:]))

    assert "1 of its tensors are missing, such as transformer.norm_f.weight. Check its family." in message


def test_every_layer_of_the_header_must_be_in_the_file() -> None:
    message = refusal(file_of("mpt", {"layers": 2}))

    assert "6 of its tensors are missing, such as transformer.blocks.1.attn.Wqkv.weight" in message


def test_a_file_is_refused_as_a_file_of_another_family() -> None:
    for family in ("gptj", "gpt_neox", "mpt", "replit"):
        assert f"old.bin cannot be loaded as a {family} file" in refusal(file_of("gpt2"), family)


def test_a_file_without_a_family_gets_the_list_of_families() -> None:
    assert "Name it with --family: gpt2, starcoder, gptj, gpt_neox, dolly-v2, mpt, replit." in refusal(
        file_of("mpt"), ""
    )


def test_an_unknown_family_gets_the_list_of_families() -> None:
    assert "llama is not a supported family of GGML files. Supported families: gpt2, " in refusal(
        file_of("mpt"), "llama"
    )


@pytest.mark.parametrize("magic", [b"fmgg", b"tjgg", b"ccgg"])
def test_a_later_version_is_refused_with_a_remedy(magic: bytes) -> None:
    assert "no longer supported. Use the model's GGUF file." in refusal(magic + file_of("mpt")[4:])


def test_a_file_that_is_cut_after_any_byte_is_refused_by_its_name() -> None:
    content = file_of("mpt")

    for length in range(len(content)):
        assert refusal(content[:length]).startswith("old.bin ")


@settings(deadline=None)
@given(at=st.integers(0, len(file_of("mpt")) - 1), value=st.binary(min_size=1, max_size=8))
def test_a_damaged_file_is_read_or_refused_without_another_error(at: int, value: bytes) -> None:
    content = file_of("mpt")
    try:
        facts = read(content[:at] + value + content[at + len(value) :])
    except ModelFileRefused as error:
        assert error.message.startswith("old.bin ")
    else:
        assert 0 < facts.weights < len(content)
