"""Untrusted model files: their facts, and refusals before native code reads them."""

import struct
from pathlib import Path

import pytest
from fakes.tiny_ggml import make_tiny_ggml
from hypothesis import given, settings
from hypothesis import strategies as st

from models.errors import ModelFileRefused
from models.formats.detect import read_facts
from server.benchmarks.random_model import Shape, write_random_model


@pytest.fixture(scope="module")
def gguf_bytes(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("gguf") / "tiny.gguf"
    return write_random_model(
        path, Shape(width=8, layers=1, heads=1, kv_heads=1, head_size=8, feed_forward=8)
    ).read_bytes()


@pytest.fixture(scope="module")
def ggml_bytes(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return make_tiny_ggml(tmp_path_factory.mktemp("ggml") / "tiny.bin").read_bytes()


@pytest.fixture(scope="module")
def damaged_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The path of a file that each example of a property writes again."""
    return tmp_path_factory.mktemp("damaged") / "m.gguf"


def refused(path: Path, content: bytes, family: str = "") -> str:
    path.write_bytes(content)
    with pytest.raises(ModelFileRefused) as error:
        read_facts(path, family)
    return error.value.message


def test_a_gguf_file_has_the_facts_for_a_plan(tmp_path: Path) -> None:
    shape = Shape(heads=8, kv_heads=2, layers=3, context=4096, template="{{ messages }}")
    facts = read_facts(write_random_model(tmp_path / "m.gguf", shape))
    layers = facts.layers

    assert ("chat", "llama_cpp", "llama", True) == (facts.role, facts.backend, facts.family, facts.chat_template)
    assert layers is not None
    # Grouped-query attention: two heads of keys and values, with 16 numbers each.
    assert [2 * 2 * 16] * 3 == layers.kv_per_token
    assert (64, 128, 8, 4096) == (layers.width, layers.feed_forward, layers.heads, layers.trained_context)
    assert facts.weights == sum(layers.blocks) + layers.output + layers.embedding


def test_tied_embeddings_are_counted_on_both_ends(tmp_path: Path) -> None:
    tied = read_facts(write_random_model(tmp_path / "tied.gguf", Shape(tied=True))).layers

    assert tied is not None
    assert tied.output > tied.vocabulary * tied.width * 4 - 1
    assert tied.embedding >= tied.vocabulary * tied.width * 4


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not a model"),
        (b"GGUF", "ends within its first bytes"),
        (b"PK\x03\x04" + b"0" * 100, "archive or contains pickled"),
        (b"\x80\x02}q\x00.", "archive or contains pickled"),
        (b"GGUF" + struct.pack("<IQQ", 99, 1, 1) + b"\0" * 100, "version 99"),
        (b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + b"\0" * 100, "no tensors"),
        (b"GGUF" + struct.pack("<IQQ", 3, 2**60, 1) + b"\0" * 100, "too short for the"),
        (b"tjgg" + b"\0" * 100, "no longer supported"),
    ],
)
def test_a_file_that_is_not_a_model_is_refused_with_a_reason(tmp_path: Path, content: bytes, message: str) -> None:
    assert message in refused(tmp_path / "file.gguf", content)


def test_an_unknown_architecture_is_refused(tmp_path: Path, gguf_bytes: bytes) -> None:
    assert "architecture wlama" in refused(tmp_path / "m.gguf", gguf_bytes.replace(b"llama", b"wlama", 1))


@given(cut=st.floats(0, 0.9999))
@settings(max_examples=60, deadline=None)
def test_a_gguf_file_that_is_truncated_anywhere_is_refused(damaged_file: Path, gguf_bytes: bytes, cut: float) -> None:
    refused(damaged_file, gguf_bytes[: int(len(gguf_bytes) * cut)])


@given(at=st.integers(0, 6000), value=st.binary(min_size=8, max_size=8))
@settings(max_examples=60, deadline=None)
def test_a_damaged_header_is_refused_or_read_without_another_error(
    damaged_file: Path, gguf_bytes: bytes, at: int, value: bytes
) -> None:
    damaged_file.write_bytes(gguf_bytes[:at] + value + gguf_bytes[at + 8 :])
    try:
        read_facts(damaged_file)
    except ModelFileRefused as error:
        assert "m.gguf" in error.message


def test_a_ggml_file_of_a_family_is_read_to_its_end(tmp_path: Path, ggml_bytes: bytes) -> None:
    path = tmp_path / "tiny.bin"
    path.write_bytes(ggml_bytes)
    facts = read_facts(path, "gpt2")

    assert ("ctransformers", "gpt2", "F32") == (facts.backend, facts.family, facts.quantisation)
    assert facts.weights == 4 * facts.parameters


def test_a_ggml_file_needs_its_family(tmp_path: Path, ggml_bytes: bytes) -> None:
    assert "--family" in refused(tmp_path / "m.bin", ggml_bytes)
    assert "not a supported family of GGML files" in refused(tmp_path / "m.bin", ggml_bytes, "llama")
    assert "cannot be loaded as a mpt file" in refused(tmp_path / "m.bin", ggml_bytes, "mpt")


@given(cut=st.floats(0.0001, 0.9999))
@settings(max_examples=60, deadline=None)
def test_a_ggml_file_that_is_truncated_anywhere_is_refused(damaged_file: Path, ggml_bytes: bytes, cut: float) -> None:
    refused(damaged_file, ggml_bytes[: int(len(ggml_bytes) * cut)], "gpt2")


def test_embedding_and_reranking_folders_are_distinguished(tmp_path: Path) -> None:
    for name, architecture in (("embed", "BertModel"), ("cross", "BertForSequenceClassification")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "config.json").write_text(f'{{"architectures": ["{architecture}"], "model_type": "bert"}}')
        (tmp_path / name / "model.safetensors").write_bytes(b"0" * 100)

    assert ("embed", "sentence_transformers") == (
        read_facts(tmp_path / "embed").role,
        read_facts(tmp_path / "embed").backend,
    )
    assert ("rerank", "cross_encoder") == (read_facts(tmp_path / "cross").role, read_facts(tmp_path / "cross").backend)


def test_pickled_weights_are_refused(tmp_path: Path) -> None:
    (tmp_path / "pytorch_model.bin").write_bytes(b"\x80\x02")

    with pytest.raises(ModelFileRefused, match="may run any program"):
        read_facts(tmp_path)
