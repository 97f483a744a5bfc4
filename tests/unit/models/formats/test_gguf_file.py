"""The facts of GGUF files for a load plan, and a reason for every file that llama.cpp cannot load as a chat model."""

import struct
from collections.abc import Mapping
from pathlib import Path

import gguf
import numpy as np
import pytest

from models.errors import ModelFileRefused
from models.formats.facts import Facts, Layers
from models.formats.gguf_file import read_gguf

Value = bool | int | float | str | list[int] | list[bool] | list[str]
# Two layers of width 8 with two heads, and no other fields.
FIELDS: Mapping[str, Value] = {
    "llama.block_count": 2,
    "llama.embedding_length": 8,
    "llama.attention.head_count": 2,
}
# The vocabulary has 3 tokens. A number has 4 bytes.
TENSORS: Mapping[str, tuple[int, ...]] = {
    "token_embd.weight": (3, 8),
    "blk.0.attn_q.weight": (8, 8),
    "blk.1.attn_q.weight": (8, 8),
    "output_norm.weight": (8,),
    "output.weight": (3, 8),
}
HEAD = struct.Struct("<4sIQQ")


def write(
    folder: Path,
    fields: Mapping[str, Value] | None = None,
    *,
    architecture: str = "llama",
    tensors: Mapping[str, tuple[int, ...]] = TENSORS,
    quantised: Mapping[str, tuple[int, ...]] | None = None,
) -> Path:
    """Write a file. `fields` are in addition to FIELDS; `quantised` has the shapes in bytes of tensors in Q8_0."""
    path = folder / "m.gguf"
    writer = gguf.GGUFWriter(str(path), architecture)
    for key, value in {**FIELDS, **(fields or {})}.items():
        _add(writer, key, value)
    for name, shape in tensors.items():
        writer.add_tensor(name, np.zeros(shape, np.float32))
    for name, shape in (quantised or {}).items():
        writer.add_tensor(name, np.zeros(shape, np.uint8), raw_dtype=gguf.GGMLQuantizationType.Q8_0)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _add(writer: gguf.GGUFWriter, key: str, value: Value) -> None:
    if isinstance(value, list):
        writer.add_array(key, value)
    elif isinstance(value, bool):
        writer.add_bool(key, value)
    elif isinstance(value, int):
        writer.add_int64(key, value)
    elif isinstance(value, float):
        writer.add_float32(key, value)
    else:
        writer.add_string(key, value)


def read(path: Path) -> Facts:
    with path.open("rb") as opened:
        return read_gguf(path, opened)


def layers(path: Path) -> Layers:
    described = read(path).layers
    assert described is not None
    return described


def refusal(path: Path) -> str:
    with pytest.raises(ModelFileRefused) as error:
        read(path)
    return error.value.message


def test_the_fields_and_tensors_of_a_file_are_its_facts(tmp_path: Path) -> None:
    fields: dict[str, Value] = {
        "general.name": "Small lamp",
        "general.license": "apache-2.0",
        "general.file_type": 7,
        "tokenizer.chat_template": "{{ messages }}",
        "tokenizer.ggml.tokens": ["<s>", "a", "b"],
        "llama.context_length": 4096,
        "llama.feed_forward_length": 24,
    }

    assert Facts(
        role="chat",
        backend="llama_cpp",
        weights=96 + 256 + 256 + 32 + 96,
        family="llama",
        name="Small lamp",
        licence="apache-2.0",
        parameters=24 + 64 + 64 + 8 + 24,
        quantisation="Q8_0",
        chat_template=True,
        layers=Layers(
            blocks=[256, 256],
            # Two heads, each with a key and a value of 8 / 2 numbers.
            kv_per_token=[16, 16],
            output=32 + 96,
            embedding=96,
            width=8,
            feed_forward=24,
            vocabulary=3,
            heads=2,
            trained_context=4096,
        ),
    ) == read(write(tmp_path, fields))


def test_a_file_with_few_fields_gets_usual_values(tmp_path: Path) -> None:
    facts = read(write(tmp_path))

    assert ("", "", False) == (facts.name, facts.licence, facts.chat_template)
    assert facts.layers is not None
    assert (2048, 32, 0) == (facts.layers.trained_context, facts.layers.feed_forward, facts.layers.vocabulary)


def test_the_size_of_a_vocabulary_without_tokens_is_a_field(tmp_path: Path) -> None:
    assert 3 == layers(write(tmp_path, {"llama.vocab_size": 3})).vocabulary


def test_a_context_of_zero_tokens_means_the_usual_context(tmp_path: Path) -> None:
    assert 2048 == layers(write(tmp_path, {"llama.context_length": 0})).trained_context


def test_an_unknown_quantisation_has_no_name(tmp_path: Path) -> None:
    assert "" == read(write(tmp_path, {"general.file_type": 9999})).quantisation


def test_the_blocks_of_a_quantised_tensor_are_measured(tmp_path: Path) -> None:
    # A block of 32 numbers has 34 bytes: two rows of two blocks.
    facts = read(write(tmp_path, quantised={"blk.1.ffn_up.weight": (2, 68)}))

    assert facts.layers is not None
    assert [256, 256 + 4 * 34] == facts.layers.blocks
    assert 184 + 4 * 32 == facts.parameters


def test_an_output_that_shares_the_embedding_is_counted_again(tmp_path: Path) -> None:
    shared = {name: shape for name, shape in TENSORS.items() if name != "output.weight"}
    facts = read(write(tmp_path, tensors=shared))

    assert facts.layers is not None
    assert (32 + 96, 96) == (facts.layers.output, facts.layers.embedding)
    assert 96 + 256 + 256 + 32 == facts.weights


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"llama.attention.head_count_kv": 1}, [8, 8]),
        # The second layer has no attention.
        ({"llama.attention.head_count_kv": [2, 0]}, [16, 0]),
        ({"llama.attention.head_count": [4, 2]}, [16, 8]),
        # Some files have more numbers than layers.
        ({"llama.attention.head_count_kv": [1, 2, 5]}, [8, 16]),
        ({"llama.attention.key_length": 16, "llama.attention.value_length": 6}, [44, 44]),
    ],
)
def test_the_cache_of_each_layer_has_its_heads_of_keys_and_values(
    tmp_path: Path, fields: dict[str, Value], expected: list[int]
) -> None:
    assert expected == layers(write(tmp_path, fields)).kv_per_token


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"llama.block_count": 0}, "has 0 layers of width 8"),
        ({"llama.block_count": 1001}, "has 1001 layers of width 8"),
        ({"llama.embedding_length": 0}, "has 2 layers of width 0"),
        ({"llama.block_count": True}, "llama.block_count is True"),
        ({"llama.embedding_length": 8.5}, "llama.embedding_length is 8.5"),
        ({"llama.context_length": "long"}, "llama.context_length is 'long'"),
        ({"llama.context_length": True}, "llama.context_length is True"),
        ({"llama.feed_forward_length": -1}, "llama.feed_forward_length is -1"),
        ({"llama.vocab_size": 2**31}, "llama.vocab_size is 2147483648"),
        ({"llama.attention.head_count": [2]}, "llama.attention.head_count does not match its 2 layers"),
        ({"llama.attention.head_count": True}, "llama.attention.head_count does not match its 2 layers"),
        ({"llama.attention.head_count_kv": [True, True]}, "llama.attention.head_count_kv does not match"),
        ({"llama.attention.head_count_kv": [1, -1]}, "llama.attention.head_count_kv does not match"),
        ({"split.count": "three"}, "split.count is 'three'"),
    ],
)
def test_an_impossible_field_is_refused_with_its_name(tmp_path: Path, fields: dict[str, Value], reason: str) -> None:
    message = refusal(write(tmp_path, fields))

    assert message.startswith("m.gguf is damaged: ")
    assert reason in message


def test_text_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, {"general.name": "Small lamp"})
    path.write_bytes(path.read_bytes().replace(b"Small lamp", b"Small \xff\xfe\xfd\xfc"))

    assert "m.gguf is damaged: general.name cannot be read" in refusal(path)


def test_a_part_of_a_split_model_is_refused_with_a_remedy(tmp_path: Path) -> None:
    assert "Join the parts with llama-gguf-split --merge" in refusal(write(tmp_path, {"split.count": 2}))


def test_a_model_in_one_part_is_accepted(tmp_path: Path) -> None:
    assert "llama" == read(write(tmp_path, {"split.count": 1})).family


@pytest.mark.parametrize(
    ("architecture", "reason"),
    [
        ("bert", "has the architecture bert, which cannot generate text. Choose a chat model."),
        ("clip", "which cannot generate text"),
        ("lampstand", "has the architecture lampstand, which llama.cpp does not support."),
    ],
)
def test_an_architecture_that_does_not_chat_is_refused(tmp_path: Path, architecture: str, reason: str) -> None:
    assert reason in refusal(write(tmp_path, architecture=architecture))


@pytest.mark.parametrize(
    ("head", "reason"),
    [
        (b"GGUF\3\0\0", "ends within its first bytes"),
        (HEAD.pack(b"GGUF", 1, 1, 1), "version 1. The supported versions are 2 and 3."),
        (HEAD.pack(b"GGUF", 3, 0, 5), "contains no tensors: it is a vocabulary, not a model."),
        # The file has 424 bytes. A tensor of the header needs 33 bytes, a field needs 14.
        (HEAD.pack(b"GGUF", 3, 13, 0), "too short for the 13 tensors and 0 keys"),
        (HEAD.pack(b"GGUF", 3, 1, 28), "too short for the 1 tensors and 28 keys"),
        (HEAD.pack(b"GGUF", 3, 2**64 - 1, 2**64 - 1), "too short for the 18,446,744,073,709,551,615 tensors"),
    ],
)
def test_an_impossible_head_is_refused_before_the_file_is_read(tmp_path: Path, head: bytes, reason: str) -> None:
    path = tmp_path / "m.gguf"
    path.write_bytes(head if len(head) < HEAD.size else head + bytes(400))

    assert reason in refusal(path)


def test_a_tensor_outside_the_data_of_the_file_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path)
    content = bytearray(path.read_bytes())
    # After the name: the number of dimensions, two dimensions, the type, and the offset, which is 0 in a valid file.
    at = content.index(b"token_embd.weight") + len("token_embd.weight") + 4 + 2 * 8 + 4
    assert bytes(8) == content[at : at + 8]
    # The sum with the start of the data overflows to a place in the header.
    content[at : at + 8] = struct.pack("<Q", 2**64 - 32)
    path.write_bytes(content)

    with np.errstate(over="ignore"):
        assert "its tensor token_embd.weight would end at byte" in refusal(path)


def test_a_file_without_its_last_bytes_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path)
    path.write_bytes(path.read_bytes()[:-32])

    assert "m.gguf is damaged or incomplete. Download it again." == refusal(path)


def test_deeply_nested_lists_in_a_header_are_refused(tmp_path: Path) -> None:
    array, depth = 9, 5000
    nested = struct.pack("<IQ", array, 1) * depth
    path = tmp_path / "m.gguf"
    path.write_bytes(HEAD.pack(b"GGUF", 3, 1, 1) + struct.pack("<Q1sI", 1, b"a", array) + nested + bytes(100))

    assert "m.gguf is damaged or incomplete. Download it again." == refusal(path)
