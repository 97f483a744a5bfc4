"""The graph of a small BERT: its results, its quantisation, and the folders that are refused."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from fakes.tiny_bert import CONFIG, WIDTH, make_tiny_bert
from safetensors.numpy import load_file, save_file

from models.backends.bert_graph import build_bert_graph
from models.backends.onnx_export import _quantise
from models.errors import ModelFileRefused

TOKENS = [[5, 17, 99, 3, 42], [7, 8]]


def embed(model: onnx.ModelProto, rows: list[list[int]]) -> np.ndarray:
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    longest = max(map(len, rows))
    ids = np.array([row + [0] * (longest - len(row)) for row in rows], dtype=np.int64)
    mask = np.array([[1] * len(row) + [0] * (longest - len(row)) for row in rows], dtype=np.int64)
    (vectors,) = session.run(["embedding"], {"input_ids": ids, "attention_mask": mask})
    return np.asarray(vectors)


def refusal(folder: Path) -> str:
    with pytest.raises(ModelFileRefused) as refused:
        build_bert_graph(folder)
    return refused.value.message


def test_vectors_have_length_1_and_padding_does_not_change_them(tmp_path: Path) -> None:
    model = build_bert_graph(make_tiny_bert(tmp_path / "tiny"))
    together = embed(model, TOKENS)
    alone = np.concatenate([embed(model, [row]) for row in TOKENS])

    assert (2, WIDTH) == together.shape
    assert np.allclose(1.0, np.linalg.norm(together, axis=1), atol=1e-5)
    assert np.allclose(together, alone, atol=1e-5)


def test_only_products_with_weights_are_quantised(tmp_path: Path) -> None:
    onnx.save(build_bert_graph(make_tiny_bert(tmp_path / "tiny")), str(tmp_path / "fp32.onnx"))
    _quantise(tmp_path / "fp32.onnx", tmp_path / "int8.onnx")
    graph = onnx.load(str(tmp_path / "int8.onnx")).graph
    constants = {constant.name for constant in graph.initializer}
    quantised = [node for node in graph.node if node.op_type == "MatMulInteger"]

    # Six products with weights per layer. Scores, sums of values and the mean are not quantised.
    assert 6 * CONFIG["num_hidden_layers"] == len(quantised)
    assert all(node.input[1] in constants for node in quantised)
    assert not [node for node in graph.node if node.op_type == "MatMul" and constants & set(node.input)]


@pytest.mark.parametrize(
    "changes",
    [
        {"model_type": "roberta"},
        {"hidden_act": "relu"},
        {"position_embedding_type": "relative_key"},
        {"is_decoder": True},
        {"num_attention_heads": 5},
        {"num_attention_heads": 0},
        {"hidden_size": "wide"},
    ],
)
def test_another_kind_of_model_is_refused(tmp_path: Path, changes: dict[str, Any]) -> None:
    assert "tiny" in refusal(make_tiny_bert(tmp_path / "tiny", **changes))


def test_weights_that_do_not_match_the_configuration_are_named(tmp_path: Path) -> None:
    assert "encoder.layer.2.attention.self.query.weight is missing" in refusal(
        make_tiny_bert(tmp_path / "deep", num_hidden_layers=3)
    )
    assert "word_embeddings.weight is float32 (100, 32)" in refusal(make_tiny_bert(tmp_path / "many", vocab_size=101))
    float16 = make_tiny_bert(tmp_path / "float16")
    weights = load_file(float16 / "model.safetensors")
    save_file({name: value.astype(np.float16) for name, value in weights.items()}, float16 / "model.safetensors")
    assert "is float16" in refusal(float16)


def test_other_pooling_is_refused(tmp_path: Path) -> None:
    folder = make_tiny_bert(tmp_path / "tiny")
    (folder / "1_Pooling" / "config.json").write_text(json.dumps({"pooling_mode_cls_token": True}))
    assert "only mean pooling" in refusal(folder)
    dense = make_tiny_bert(tmp_path / "dense")
    (dense / "modules.json").write_text(
        json.dumps([{"type": "a.Transformer"}, {"type": "a.Pooling"}, {"type": "a.Dense"}])
    )
    assert "only mean pooling" in refusal(dense)


@pytest.mark.parametrize("name", ["config.json", "modules.json", "1_Pooling/config.json", "model.safetensors"])
@pytest.mark.parametrize("content", [None, b"", b"[]", b"\xff\xfe"])
def test_missing_and_damaged_files_are_refused(tmp_path: Path, name: str, content: bytes | None) -> None:
    folder = make_tiny_bert(tmp_path / "tiny")
    (folder / name).unlink()
    if content is not None:
        (folder / name).write_bytes(content)

    assert "tiny" in refusal(folder)
